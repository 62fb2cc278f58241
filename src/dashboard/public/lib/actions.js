/** What can be done: a button, a dialog that says what will happen and asks why, and what came of it. */
import { ApiError, change, setWhoAsks, whoAsks } from "./api.js";
import { h, patch } from "./dom.js";
import { span } from "./format.js";
import { MEANINGS } from "./meanings.js";
import { facts, icon } from "./parts.js";

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

/** Why nothing can be changed here; undefined where it can. */
export function whyNot() {
  return may.change ? undefined : READ_ONLY;
}

/**
 * A button for an operation; it asks first. `subject` is what it is done to, as people call it.
 *
 * @param options.because - Why it can't be done to this one.
 * @param options.field - More to fill in: `{ nodes(id), input(data) }`.
 * @param options.result - Rows of what came of it, shown until they are closed: `(output) => [[name, value], …]`.
 */
export function actionButton(operation, input, subject, options = {}) {
  const [name, , isDanger] = MEANINGS[operation] ?? [operation, ""];
  const { label = name, primary = false, because = undefined } = options;
  const reason = whyNot() ?? because;
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

function confirmAction(operation, input, subject, options) {
  const [name, text, isDanger] = MEANINGS[operation] ?? [
    operation,
    "It is carried out and recorded.",
  ];
  const { label: title = name, field, meaning = text } = options;
  const kind = isDanger === "danger" ? "danger" : "primary";
  const id = `d${Date.now()}`;
  const problem = h("p.dialog-problem", { role: "alert" });
  const working = h("p.note", { role: "status" });
  const submit = h(`button.${kind}`, { type: "submit" }, title);
  const leave = h("button.plain", { type: "button", onClick: () => dialog.close() }, "Leave it");
  const send = async (event) => {
    event.preventDefault();
    patch(problem);
    let full;
    try {
      full = inputOf(new FormData(form), input, field);
    } catch (error) {
      return void patch(problem, error.message);
    }
    submit.disabled = true;
    const endWorking = tellTime(working);
    try {
      const output = await change(operation, full);
      changed();
      if (options.result === undefined || !dialog.isConnected)
        toast(`${title}: ${subject} – done.${resultText(output)}`, "ok");
      if (options.result === undefined) dialog.close();
      else showResult(dialog, `${title}: done`, options.result(output), `${id}t`);
    } catch (error) {
      submit.disabled = false;
      const message = error instanceof ApiError ? error.message : "It didn't work.";
      if (dialog.isConnected) patch(problem, message);
      else toast(`${title}: ${subject} – ${message}`, "bad");
    } finally {
      endWorking();
    }
  };
  const form = h(
    "form",
    { method: "dialog", onSubmit: send },
    h("h2", { id: `${id}t` }, `${title}: `, h("span.id", {}, subject)),
    h("p", { id: `${id}d` }, meaning),
    isDanger === "danger" && h("p.danger-note", {}, icon("warn"), "This can't be undone."),
    field?.nodes(id),
    reasonFields(id, isDanger === "danger"),
    problem,
    working,
    h("div.buttons", {}, leave, submit),
  );
  const dialog = openDialog(form, `${id}t`, `${id}d`);
  dialog.querySelector("input, textarea, select")?.focus();
}

/** What the operation is given: what it is about, what was filled in, and why. */
function inputOf(data, input, field) {
  const reason = String(data.get("reason")).trim();
  setWhoAsks(String(data.get("by")).trim());
  return { ...input, ...field?.input(data), ...(reason === "" ? {} : { reason }) };
}

function reasonFields(id, required) {
  return [
    h("label", { for: `${id}r` }, "Reason", h("span.unit", {}, " (recorded in the audit log)")),
    h("input", {
      id: `${id}r`,
      name: "reason",
      type: "text",
      maxlength: 500,
      autocomplete: "off",
      required,
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
  ];
}

const LONG_MS = 2_000;

/** Whoever waits for long is told that it goes on, and that they needn't wait. */
function tellTime(place) {
  const begunMs = Date.now();
  const timer = setInterval(() => {
    const ms = Date.now() - begunMs;
    if (ms >= LONG_MS)
      patch(
        place,
        `Under way for ${span(ms)}. It goes on when this is closed; the audit log says how it ended.`,
      );
  }, 1_000);
  return () => {
    clearInterval(timer);
    patch(place);
  };
}

function showResult(dialog, title, rows, id) {
  if (!dialog.isConnected) return;
  const close = h("button.primary", { type: "button", onClick: () => dialog.close() }, "Close");
  dialog.replaceChildren(h("h2", { id }, title), facts(rows), h("div.buttons", {}, close));
  close.focus();
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
