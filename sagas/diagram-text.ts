/** What is written beside the arrows of a diagram, in Mermaid's spelling. */
import type { AnyStateNode } from "xstate";

/** What Mermaid would read as something else, or as HTML. */
const SPECIAL = /["#%:;<>{}&`\\]/g;
// C0 and C1 controls, and DEL.

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** Text that is drawn as it is, whatever is in it. */
export function textOf(text: string): string {
  return text.replaceAll(SPECIAL, (sign) => `#${sign.charCodeAt(0)};`).replaceAll(CONTROL, " ");
}

/** `PAID`, `after 5000 ms`, `pay done`, `pay failed`, `done`, or `always` where there is no guard to say when. */
export function eventLabel(source: AnyStateNode, eventType: string, isGuarded: boolean): string {
  if (eventType === "") return isGuarded ? "" : "always";
  const delay = source.after.find((transition) => transition.eventType === eventType)?.delay;
  if (delay !== undefined) return textOf(delayLabel(delay));
  if (eventType.startsWith("xstate.done.state.")) return "done";
  for (const { id } of source.invoke) {
    if (eventType === `xstate.done.actor.${id}`) return textOf(`${id} done`);
    if (eventType === `xstate.error.actor.${id}`) return textOf(`${id} failed`);
  }
  return textOf(eventType);
}

function delayLabel(delay: unknown): string {
  return typeof delay === "number" ? `after ${delay} ms` : `after ${String(delay)}`;
}

/** `[isPaid]`, `[isPaid and not isLate]`; `[…]` for a function in place. */
export function guardLabel(guard: unknown): string {
  return guard === undefined ? "" : `[${textOf(guardText(guard))}]`;
}

function guardText(guard: unknown): string {
  if (typeof guard === "string") return guard;
  const { type, guards, name, stateValue } = guard as {
    readonly type?: string;
    readonly guards?: readonly unknown[];
    readonly name?: string;
    readonly stateValue?: unknown;
  };
  if (stateValue !== undefined) return `in ${typeof stateValue === "string" ? stateValue : "…"}`;
  if (guards !== undefined)
    return name === "not"
      ? `not ${guardText(guards[0])}`
      : guards.map(guardText).join(` ${name ?? ""} `);
  return type ?? "…";
}
