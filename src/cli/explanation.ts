/** Why a rule fired, as text. */
import type { Explanation } from "../index.js";
import { dataText, timeText } from "./text.js";

/** What a fact rests on is indented under it; where another rule concluded it, what that one rests on. */
export function explanationLines(explanation: unknown): readonly string[] {
  if (typeof explanation !== "object" || explanation === null)
    return ["nothing is known of it: give the position of an alert, see tidemark rules alerts"];
  return linesOf(explanation as Explanation, "");
}

function linesOf(of: Explanation, indent: string): string[] {
  const { rule, ruleSet, sessionId, version, atMs, alerts, facts, omitted } = of;
  return [
    `${indent}${rule} of ${ruleSet} (version ${version}) fired for ${sessionId} at ${timeText(atMs)}`,
    ...alerts.map(({ type, data }) => `${indent}  it raised ${type} ${dataText(data)}`),
    ...facts.flatMap(({ as, kind, id, data, events, by }) => [
      `${indent}  because of ${as}: ${kind} ${id} ${dataText(data)}`,
      ...events.map(
        (event) =>
          `${indent}    ${event.position}  ${timeText(event.recordedAtMs)}  ${event.type} ${dataText(event.data)}`,
      ),
      ...(by === undefined ? [] : linesOf(by, `${indent}    `)),
    ]),
    ...(omitted > 0 ? [`${indent}  and ${omitted} more facts`] : []),
  ];
}
