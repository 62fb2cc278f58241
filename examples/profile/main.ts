/**
 * S10 profile: one form, one command, one commit, several fine-grained events; and a reader that cares about one of them.
 *
 * `node dist/examples/profile/main.js` · `--size N` forms · `--full` · `--ci` · `--directory DIR`
 */
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { openRuntime, type Runtime } from "tidemark";
import { inTemporaryDirectory } from "tidemark/testing";
import { birthdays, handled } from "./birthdays-view.js";
import { Person } from "./person.js";
import { fill, profileAt } from "./traffic.js";

const { values: flags } = parseArgs({
  options: {
    size: { type: "string" },
    full: { type: "boolean", default: false },
    ci: { type: "boolean", default: false },
    directory: { type: "string" },
  },
});

const updates = Number(flags.size ?? (flags.full ? 1_000_000 : flags.ci ? 5_000 : 200_000));
const people = Math.ceil(updates / 50);
const TYPE = "BirthDateChanged";
const WAIT_MS = 120_000;

async function main(directory: string): Promise<void> {
  // Nobody reads yet: the projection comes later, and finds its few events among all the others.
  const form = await using(
    await openRuntime({ directory, aggregates: [Person] }),
    async (runtime) => {
      const recorded = await oneForm(runtime);
      await fill(runtime, updates, people);
      return recorded;
    },
  );
  const options = { directory, aggregates: [Person], projections: [birthdays] };
  const read = await using(await openRuntime(options), readOneType);
  const more = await using(await openRuntime(options), goOn);
  const outcome = {
    "commits of a form with three changed fields": { stated: 1, found: form.commits },
    "events of that commit": { stated: 3, found: form.events },
    [`events handled, of as many ${TYPE} in the log`]: { stated: read.inLog, found: read.handled },
    "people in the view": { stated: people + 1, found: read.shown },
    "handled of the next ones, opened again": { stated: 1, found: more.handled },
  };
  console.table(outcome);
  for (const [what, { stated, found }] of Object.entries(outcome))
    assert.equal(found, stated, `not as stated: ${what}`);
}

async function using<T>(runtime: Runtime, work: (runtime: Runtime) => Promise<T>): Promise<T> {
  try {
    return await work(runtime);
  } finally {
    await runtime.close();
  }
}

/** What one command records. */
async function oneForm(runtime: Runtime) {
  const before = profileAt(0, 0);
  await runtime.ask(Person, "ada", { type: "UpdateProfile", data: before });
  const after = { ...before, name: "Ada Lovelace", birthDate: "1815-12-10", city: "London" };
  const answer = await runtime.ask(Person, "ada", { type: "UpdateProfile", data: after });
  assert.equal(answer.status, "accepted");
  assert.deepEqual(
    answer.events.map(({ type }) => type),
    ["NameChanged", "BirthDateChanged", "CityChanged"],
  );
  // One commit: neighbours in the log, recorded at the same time, tied together by one correlation id.
  const [first] = answer.events;
  for (const [at, event] of answer.events.entries()) {
    assert.equal(event.position, (first?.position ?? 0) + at);
    assert.equal(event.correlationId, first?.correlationId);
    assert.equal(event.recordedAtMs, first?.recordedAtMs);
  }
  const again = await runtime.ask(Person, "ada", { type: "UpdateProfile", data: after });
  assert.deepEqual(again.status === "accepted" && again.events, []);
  console.log("One form of five fields, three of them changed: one commit of three events");
  for (const { position, type, data } of answer.events)
    line(`${position} ${type}`, JSON.stringify(data));
  console.log("The same form again records nothing.\n");
  const commits = new Set(
    answer.events.map(({ recordedAtMs, correlationId }) => `${recordedAtMs} ${correlationId}`),
  );
  return { commits: commits.size, events: answer.events.length };
}

/** The projection reads from the index of event types; beside it, the same in plain code, and what a scan would cost. */
async function readOneType(runtime: Runtime) {
  const view = runtime.view(birthdays);
  const startedAt = performance.now();
  const shown = await view.count({ fresh: true, timeoutMs: WAIT_MS });
  const builtMs = performance.now() - startedAt;
  const wanted = timed(() =>
    tally(runtime.events({ filter: { streamTypes: ["person"], eventTypes: [TYPE] } })),
  );
  const all = timed(() => tally(runtime.events()));
  const expected = all.result.get(TYPE) ?? 0;
  // What it was given is what there is of that type, each once, and nothing else.
  assert.deepEqual(wanted.result, handled);
  assert.equal(runtime.head, sum(all.result));
  const share = ((100 * expected) / runtime.head).toFixed(1);
  console.log(`A projection of ${TYPE} only`);
  line("recorded", [...all.result].map(([type, n]) => `${type} ${count(n)}`).join(", "));
  line("of the one type", `${count(expected)} of ${count(runtime.head)} events, ${share} %`);
  line("handled by the view", `${count(sum(handled))} events; built in ${builtMs.toFixed(0)} ms`);
  line("reading that type", `${wanted.ms.toFixed(0)} ms`);
  line("reading everything", `${all.ms.toFixed(0)} ms\n`);
  return { shown, inLog: expected, handled: sum(handled) };
}

/** Opened again: it goes on where it was, and what doesn't concern it isn't handed to it. */
async function goOn(runtime: Runtime) {
  handled.clear();
  const headBefore = runtime.head;
  const view = runtime.view(birthdays);
  const { state } = await runtime.state(Person, "ada");
  for (let n = 0; n < 100; n++)
    await runtime.ask(Person, "ada", { type: "UpdateProfile", data: { ...state, phone: `0${n}` } });
  const birthDate = "1815-12-11";
  const data = { ...state, name: "Ada King", birthDate };
  const answer = await runtime.ask(Person, "ada", { type: "UpdateProfile", data });
  assert.equal(answer.status, "accepted");
  assert.deepEqual(await view.get("ada", { atLeast: answer.position }), { birthDate });
  const day = birthDate.slice(5);
  const { entries } = await view.find("byDay", { equals: day, limit: 10_000 });
  const names = await Promise.all(
    entries.slice(0, 3).map(async ({ id }) => (await runtime.state(Person, id)).state.name),
  );
  console.log(
    `Opened again; of ${runtime.head - headBefore} more events it handled ${sum(handled)}.\n` +
      `Birthday on ${day}: ${names.join(", ")}${entries.length > 3 ? `, and ${count(entries.length - 3)} more` : ""}`,
  );
  return { handled: sum(handled) };
}

function tally(events: Iterable<{ readonly type: string }>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { type } of events) counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, n) => total + n, 0);
}

function timed<T>(work: () => T): { readonly result: T; readonly ms: number } {
  const startedAt = performance.now();
  const result = work();
  return { result, ms: performance.now() - startedAt };
}

function count(value: number): string {
  return value.toLocaleString("en");
}

function line(name: string, text: string): void {
  console.log(`  ${name.padEnd(21)}${text}`);
}

await (flags.directory === undefined ? inTemporaryDirectory(main) : main(flags.directory));
