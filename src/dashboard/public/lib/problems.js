/** What is wrong, in words, with what to press. */
import { actionButton } from "./actions.js";
import { h } from "./dom.js";
import { chip, icon, part } from "./parts.js";

/** What subjects begin with, the entry of the menu that they belong to, and the page of one. */
const KINDS = [
  ["projection ", "/projections", "/projection/"],
  ["reactor ", "/projections", "/projection/"],
  ["external projection ", "/projections", "/projection/"],
  ["saga ", "/sagas", "/saga/"],
  ["rule set ", "/rules", "/rules/"],
  ["commands of ", "/delivery", undefined],
  ["nats", "/nats", undefined],
  ["relay", "/nats", undefined],
  ["import", "/nats", undefined],
  ["messaging", "/nats", undefined],
  ["journal", "/store", undefined],
  ["disk", "/store", undefined],
];

/** Where a subject (`projection cars`) is shown; undefined where it has no page of its own. */
export function pageOf(subject) {
  const [start, menu, page] = KINDS.find(([each]) => subject.startsWith(each)) ?? [];
  if (start === undefined) return undefined;
  return page === undefined ? menu : `${page}${part(subject.slice(start.length))}`;
}

/** The entry of the menu that a subject belongs to. */
export function menuOf(subject) {
  return KINDS.find(([each]) => subject.startsWith(each))?.[1] ?? "/";
}

export function problemList(problems, within = undefined) {
  const shown = within === undefined ? problems : problems.filter(({ subject }) => within(subject));
  if (shown.length === 0) return undefined;
  return h(
    "section.problems",
    { key: "problems", "aria-label": "Problems", "aria-live": "polite" },
    shown.map(problemCard),
  );
}

function problemCard({ severity, subject, problem, advice, actions }) {
  const path = pageOf(subject);
  const isHere = path !== undefined && location.hash.slice(1).split("?")[0] === path;
  return h(
    `article.problem.${severity}`,
    { key: `problem ${subject} ${problem}` },
    h(
      "div",
      {},
      h(
        "h3",
        {},
        chip(severity, severity === "unhealthy" ? "not working" : "needs a look"),
        h("span.id", {}, subject),
      ),
      h("p", {}, problem),
      h("p.advice", {}, advice),
    ),
    h(
      "div.buttons",
      {},
      actions.map(({ operation, input, label }, index) =>
        actionButton(operation, input, subject, { label, primary: index === 0 }),
      ),
      path !== undefined &&
        !isHere &&
        h(
          "a.button",
          { href: `#${path}`, "aria-label": `Look at ${subject}` },
          "Look",
          icon("next"),
        ),
    ),
  );
}

export function allWell(text) {
  return h("p.all-well", { key: "all-well", role: "status" }, icon("ok"), text);
}
