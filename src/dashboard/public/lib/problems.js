/** What is wrong, in words, with what to press. */
import { actionButton } from "./actions.js";
import { h } from "./dom.js";
import { chip, icon, link, part } from "./parts.js";

const PAGES = {
  projection: "/projection/",
  reactor: "/projection/",
  external: "/projection/",
  saga: "/saga/",
  rules: "/rules/",
};

/** Where a subject (`projection cars`) is shown. */
export function pageOf(subject) {
  const [kind, ...rest] = subject.split(" ");
  const name = rest.join(" ");
  if (PAGES[kind] !== undefined && name !== "") return `${PAGES[kind]}${part(name)}`;
  if (kind === "nats" || kind === "relay" || kind === "import") return "/nats";
  return kind === "outbox" || kind === "delivery" ? "/delivery" : undefined;
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
