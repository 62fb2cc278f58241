/** What can be done: a button, a dialog that says what will happen and asks why, and what came of it. */
import { ApiError, change, setWhoAsks, whoAsks } from "./api.js";
import { h, patch } from "./dom.js";
import { icon } from "./parts.js";

let may = { change: false, payloads: false };

export function setMay(given) {
  may = given;
}

/** Where to look next: pages ask again after a change. */
let changed = () => undefined;
export function onChanged(listener) {
  changed = listener;
}

const READ_ONLY =
  "This panel only looks. Whoever starts it allows changes with allowChanges (tidemark panel --allow-changes).";

/** What each operation does, in words, before it is done. `danger` can't be undone. */
const MEANINGS = {
  "projection.pause": [
    "Pause",
    "It stops reading where it is. What it shows gets older until it is resumed.",
  ],
  "projection.resume": ["Resume", "It goes on reading where it stopped, and catches up."],
  "projection.rebuild": [
    "Rebuild",
    "A new generation is built beside the one that serves. Readers notice nothing until it has caught up.",
  ],
  "projection.approve": [
    "Let it serve",
    "Readers get the new generation from now on. The old one is kept, so this can be rolled back.",
  ],
  "projection.cancelRebuild": [
    "Cancel the rebuild",
    "The new generation is thrown away. The one that serves goes on serving.",
    "danger",
  ],
  "projection.rollback": [
    "Roll back",
    "Readers get the generation that served before, as it stands.",
  ],
  "projection.dropRetired": [
    "Drop the old generation",
    "The generation that served before is deleted. It can't be rolled back to any more.",
    "danger",
  ],
  "projection.skip": [
    "Skip the event",
    "The event is passed over for good; what it says is missing from this view until it is rebuilt.",
    "danger",
  ],
  "projection.replayParked": [
    "Replay",
    "Parked events are handled again, in order. One that fails again stays parked, with those behind it.",
  ],
  "projection.discardParked": [
    "Discard",
    "Parked events are forgotten; what they say is missing from this view until it is rebuilt.",
    "danger",
  ],
  "projection.rebuildKey": [
    "Rebuild this key",
    "Everything with this key is folded anew from the journal.",
  ],
  "saga.retry": [
    "Retry",
    "It tries again what it was parked for, and goes on with what waited meanwhile.",
  ],
  "saga.park": [
    "Park",
    "It takes nothing any more; what comes for it is kept until somebody lets it go on.",
  ],
  "saga.discard": [
    "Discard what waits",
    "What waits for it is thrown away, and it stays as it is.",
    "danger",
  ],
  "saga.end": [
    "End",
    "It ends where it is: timers are cleared, nothing is compensated. It can't be begun again.",
    "danger",
  ],
  "saga.send": ["Send an event", "The machine gets this event as if it had come by itself."],
  "rules.park": [
    "Park",
    "The session takes no events any more; they are kept until it is released.",
  ],
  "rules.release": ["Release", "The session goes on, with the events that were kept meanwhile."],
  "rules.discard": ["Discard", "The session and all it knows is thrown away.", "danger"],
  "imports.replay": ["Replay", "Parked messages are tried again, in order."],
  "imports.discard": [
    "Discard",
    "Parked messages are forgotten: what they say never reaches this service.",
    "danger",
  ],
  "imports.acceptGaps": [
    "Accept the gaps",
    "What didn't come is given up; what waited for it goes on.",
    "danger",
  ],
};

/** A button for an operation; it asks first. `subject` is what it is done to, as people call it. */
export function actionButton(operation, input, subject, options = {}) {
  const [name, , isDanger] = MEANINGS[operation] ?? [operation, ""];
  const { label = name, primary = false, because = undefined } = options;
  const reason = may.change ? because : READ_ONLY;
  const kind = isDanger === "danger" ? "danger" : primary ? "primary" : "plain";
  return h(
    `button.${kind}`,
    {
      type: "button",
      key: `${operation} ${JSON.stringify(input)}`,
      // Not `disabled`: what can't be reached by keyboard can't say why.
      "aria-disabled": reason === undefined ? undefined : "true",
      title: reason,
      "data-operation": operation,
      onClick: () =>
        reason === undefined
          ? confirmAction(operation, input, subject, options)
          : toast(reason, "warn"),
    },
    label,
  );
}

function confirmAction(operation, input, subject, { label, field, meaning } = {}) {
  const [name, text, isDanger] = MEANINGS[operation] ?? [
    operation,
    "It is carried out and recorded.",
  ];
  const title = label ?? name;
  const id = `d${Date.now()}`;
  const problem = h("p.dialog-problem", { role: "alert" });
  const submit = h(
    `button.${isDanger === "danger" ? "danger" : "primary"}`,
    { type: "submit" },
    title,
  );
  const fieldNodes = field === undefined ? [] : field.nodes(id);
  const form = h(
    "form",
    {
      method: "dialog",
      onSubmit: async (event) => {
        event.preventDefault();
        patch(problem);
        const data = new FormData(form);
        const reason = String(data.get("reason")).trim();
        setWhoAsks(String(data.get("by")).trim());
        let full;
        try {
          full = {
            ...input,
            ...(field === undefined ? {} : field.input(data)),
            ...(reason === "" ? {} : { reason }),
          };
        } catch (error) {
          return void patch(problem, error.message);
        }
        submit.disabled = true;
        try {
          const output = await change(operation, full);
          dialog.close();
          toast(`${title}: ${subject} – done.${resultText(output)}`, "ok");
          changed();
        } catch (error) {
          submit.disabled = false;
          patch(problem, error instanceof ApiError ? error.message : "It didn't work.");
        }
      },
    },
    h("h2", { id: `${id}t` }, `${title}: `, h("span.id", {}, subject)),
    h("p", { id: `${id}d` }, meaning ?? text),
    isDanger === "danger" && h("p.danger-note", {}, icon("warn"), "This can't be undone."),
    fieldNodes,
    h("label", { for: `${id}r` }, "Reason", h("span.unit", {}, " (recorded in the audit log)")),
    h("input", {
      id: `${id}r`,
      name: "reason",
      type: "text",
      maxlength: 500,
      autocomplete: "off",
      required: isDanger === "danger",
      placeholder: "Why now",
    }),
    h("label", { for: `${id}b` }, "Your name", h("span.unit", {}, " (recorded, too)")),
    h("input", {
      id: `${id}b`,
      name: "by",
      type: "text",
      maxlength: 100,
      autocomplete: "off",
      value: whoAsks(),
    }),
    problem,
    h(
      "div.buttons",
      {},
      h("button.plain", { type: "button", onClick: () => dialog.close() }, "Leave it"),
      submit,
    ),
  );
  const dialog = openDialog(form, `${id}t`, `${id}d`);
  dialog.querySelector("input, textarea, select")?.focus();
}

/** A modal dialog that is gone once it is closed; Escape closes it, and focus goes back to where it was. */
export function openDialog(content, labelledBy, describedBy) {
  const before = document.activeElement;
  const dialog = h(
    "dialog",
    {
      "aria-labelledby": labelledBy,
      "aria-describedby": describedBy,
      onClose: () => {
        dialog.remove();
        const again = before?.isConnected ? before : document.getElementById("main");
        again?.focus();
      },
    },
    content,
  );
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

function resultText(output) {
  if (typeof output?.discarded === "number") return ` Discarded: ${output.discarded}.`;
  if (typeof output?.handled === "number") return ` Events handled: ${output.handled}.`;
  if (typeof output?.generation === "number") return ` New generation: ${output.generation}.`;
  const replayed = output?.result?.replayed ?? output?.replayed?.replayed;
  const failed = output?.result?.failed ?? output?.replayed?.failed;
  if (typeof replayed !== "number") return "";
  return ` Replayed: ${replayed}.${failed === undefined || failed === null ? "" : " One failed again and stays parked."}`;
}

const TOAST_MS = 7_000;

export function toast(text, tone) {
  const box = document.getElementById("toasts");
  const note = h(
    `div.toast.${tone}`,
    {},
    icon(tone === "ok" ? "ok" : tone === "warn" ? "warn" : "bad"),
    h("span", {}, text),
  );
  box.append(note);
  while (box.childElementCount > 3) box.firstChild.remove();
  setTimeout(() => note.remove(), TOAST_MS);
}
