/** The store as a whole: what it takes, copies of it, and the keys of personal data in it. */
import { change, look } from "../lib/api.js";
import { actionButton, toast, whyNot } from "../lib/actions.js";
import { h } from "../lib/dom.js";
import { bytes, count, several } from "../lib/format.js";
import { journalFacts } from "../lib/journal-facts.js";
import { card, chip, empty, idText, table, title, when } from "../lib/parts.js";
import { menuOf, problemList } from "../lib/problems.js";
import { dateForName, nameField, nameOfId } from "../lib/written.js";

const COPIES_SHOWN = 5;

export function storePage({ overview, info, draw }) {
  let copies = [];
  /** What forgetting the subject would take. */
  let report;
  let problem;
  let isLooking = false;

  async function loadCopies() {
    try {
      const { entries } = await look("audit", { what: "backup", limit: COPIES_SHOWN });
      copies = entries;
    } catch {
      // A hint only.
    }
    draw();
  }

  async function lookAt(subject) {
    const reason = whyNot();
    if (reason !== undefined) return void toast(reason, "warn");
    report = undefined;
    problem = undefined;
    isLooking = true;
    draw();
    try {
      ({ report } = await change("forget", { subject, dryRun: true }));
    } catch (error) {
      problem = error.message;
    }
    isLooking = false;
    draw();
  }

  loadCopies();
  return {
    title: "Store",
    follow: [],
    changed: () => {
      report = undefined;
      loadCopies();
    },
    render() {
      const now = overview();
      const runtime = info();
      if (now === undefined || runtime === undefined)
        return [title("Store"), h("p.note", {}, "Reading…")];
      return [
        title("Store", h("span.note", {}, runtime.directory ?? "in memory")),
        problemList(now.problems, (subject) => menuOf(subject) === "/store"),
        h(
          "div.stack",
          { key: "all" },
          h(
            "div.grid",
            {},
            card("Journal", journalFacts(now, [["Store", idText(runtime.storeId)]])),
            backupCard(runtime, copies),
          ),
          personalCard(runtime),
        ),
      ];
    },
  };

  function personalCard({ privacy }) {
    if (!privacy)
      return card(
        "Personal data",
        empty(
          "This service keeps nothing personal under keys",
          "Opened with the option privacy, it seals the data of each subject with keys of its own. To forget somebody is to destroy them.",
        ),
      );
    const find = (event) => {
      event.preventDefault();
      lookAt(String(new FormData(event.currentTarget).get("subject")).trim());
    };
    return h(
      "section.card",
      { key: "personal", "aria-label": "Personal data" },
      h(
        "div.bar",
        {},
        h("h2", {}, "Personal data"),
        actionButton("rotateKeys", {}, "all keys", {
          result: ({ masterKeyId }) => [["Wrapped with", idText(masterKeyId)]],
        }),
      ),
      h(
        "p.note",
        {},
        "Somebody asks to be forgotten: see first what becomes unreadable with their keys. Nothing is changed by looking; that you looked is recorded.",
      ),
      h(
        "form.filters",
        { onSubmit: find, "aria-label": "Forget somebody" },
        h(
          "div",
          { key: "subject" },
          h("label", { for: "subject" }, "Subject"),
          h("input", {
            id: "subject",
            name: "subject",
            type: "text",
            autocomplete: "off",
            required: true,
            placeholder: "user-7",
          }),
        ),
        h(
          "div.buttons",
          { key: "go" },
          h(
            "button",
            {
              type: "submit",
              "aria-disabled": whyNot() === undefined ? undefined : "true",
              title: whyNot(),
            },
            "What would be lost?",
          ),
        ),
      ),
      isLooking && h("p.note", { role: "status" }, "Looking through the whole store…"),
      problem !== undefined && h("p.error-text", { role: "alert" }, problem),
      report !== undefined && reportView(report),
    );
  }
}

function backupCard({ directory, folders, service = "journal" }, copies) {
  if (directory === undefined)
    return card(
      "Backup",
      empty("There is nothing to copy", "This runtime is in memory, and gone when it ends."),
    );
  const { backupsTo } = folders;
  return card(
    "Backup",
    backupsTo === undefined
      ? [
          h(
            "p",
            {},
            "No backup is made from this page: whoever opens the panel names a folder for them with backupsTo (tidemark panel --backups-to).",
          ),
          h("p.note", {}, "At any time, while the service runs:"),
          h("p", {}, h("code", {}, `npx tidemark backup ${directory} /backups/${dateForName()}`)),
        ]
      : [
          h("p", {}, "Copies go into a folder of their own in ", idText(backupsTo), "."),
          h(
            "div.buttons",
            {},
            actionButton("backup", {}, directory, {
              primary: true,
              field: nameField(
                "Name of the folder",
                backupsTo,
                `${nameOfId(service)}-${dateForName()}`,
              ),
              result: ({ report }) => [
                ["Copied to", idText(report.to)],
                ["Size", bytes(report.bytes)],
                ["Up to position", count(report.head)],
              ],
            }),
          ),
        ],
    copies.length > 0 && [
      h("h3", {}, "The last ones that the service was asked for"),
      table("Backups", COPIES, copies, ({ position }) => position),
    ],
  );
}

const COPIES = [
  { title: "When", cell: ({ atMs }) => when(atMs) },
  { title: "To", wide: true, cell: ({ subject }) => idText(subject) },
  { title: "Who", cell: ({ by }) => by ?? "–" },
  { title: "Outcome", cell: ({ outcome }) => chip(outcome) },
];

/** What becomes unreadable, and the button that makes it so. */
function reportView(report) {
  const { subject, keyIds } = report;
  if (keyIds.length === 0)
    return empty(
      `There are no keys of ${subject}`,
      "Nothing here is personal data of it, or it is forgotten already.",
    );
  const rows = lostOf(report);
  const events = rows.filter(({ isEvents }) => isEvents).reduce((sum, { many }) => sum + many, 0);
  return h(
    "div",
    { key: "report" },
    h("h3", {}, "What becomes unreadable with ", idText(subject)),
    rows.length === 0
      ? h("p.note", {}, "Nothing was sealed with its keys so far.")
      : table("What becomes unreadable", LOST, rows, ({ what, of }) => `${what} ${of}`),
    h(
      "div.buttons",
      {},
      actionButton("forget", { subject }, subject, {
        label: "Forget for good",
        meaning: `${several(keyIds.length, "key is", "keys are")} destroyed, and what is personal in ${several(events, "event")} is unreadable from then on: here, in views, and in every backup. The reason is kept for good: name nothing personal in it.`,
        result: ({ report: done }) => [
          ["Subject", idText(done.subject)],
          ["Keys destroyed", count(done.keyIds.length)],
          ...lostOf(done).map(({ what, of, many }) => [`${what} ${of}`, count(many)]),
        ],
      }),
    ),
  );
}

function lostOf({ events, documents, snapshots, outbox, parked, rows }) {
  const eventsOf = ([of, types]) => ({
    what: "Events of",
    of,
    many: Object.values(types).reduce((sum, each) => sum + each, 0),
    isEvents: true,
  });
  const documentsOf = ([of, many]) => ({
    what: "Documents of",
    of: of === "" ? "projections that aren't open here" : of,
    many,
  });
  return [
    ...Object.entries(events).map(eventsOf),
    ...Object.entries(documents).map(documentsOf),
    { what: "Snapshots", of: "", many: snapshots },
    { what: "Commands", of: "that wait", many: outbox },
    { what: "Errors", of: "of parked events", many: parked },
    { what: "Other rows", of: "of sagas and rules", many: rows },
  ].filter(({ many }) => many > 0);
}

const LOST = [
  { title: "What", cell: ({ what, of }) => [what, " ", h("strong", {}, of)] },
  { title: "How many", number: true, cell: ({ many }) => count(many) },
];
