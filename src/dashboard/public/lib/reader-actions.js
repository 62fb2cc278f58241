/** What can be done with a projection as it stands, the most likely first. */
import { actionButton } from "./actions.js";
import { h } from "./dom.js";

export function projectionActions({ name, paused, generations, rebuild }) {
  const [serving] = generations;
  const isBuilding = generations.some(({ role }) => role === "building");
  const hasRetired = generations.some(({ role }) => role === "retired");
  const button = (operation, options) => actionButton(operation, { name }, name, options);
  const error = serving?.error;
  return h(
    "div.buttons",
    { key: "actions" },
    rebuild?.phase === "awaiting-approval" &&
      button("projection.approve", { label: "Let the new one serve", primary: true }),
    paused ? button("projection.resume", { primary: true }) : button("projection.pause"),
    !paused &&
      serving?.state === "stopped" &&
      button("projection.resume", {
        label: "Try again",
        meaning: "It tries the event again at which it stopped.",
      }),
    serving?.state === "stopped" &&
      error?.position !== undefined &&
      error?.position !== null &&
      actionButton(
        "projection.skip",
        { name, position: error.position },
        `${name}, position ${error.position}`,
      ),
    isBuilding ? button("projection.cancelRebuild") : button("projection.rebuild"),
    hasRetired && button("projection.rollback"),
    hasRetired && button("projection.dropRetired"),
  );
}

export function readerActions({ name, paused, state, error }) {
  return h(
    "div.buttons",
    { key: "actions" },
    paused || state === "stopped"
      ? actionButton("projection.resume", { name }, name, {
          primary: true,
          label: paused ? "Resume" : "Try again",
        })
      : actionButton("projection.pause", { name }, name),
    state === "stopped" &&
      error?.position !== undefined &&
      error?.position !== null &&
      actionButton(
        "projection.skip",
        { name, position: error.position },
        `${name}, position ${error.position}`,
      ),
  );
}
