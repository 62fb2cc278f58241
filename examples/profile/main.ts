/**
 * Profile: one form, one command, one commit, several fine-grained events; and a reader that cares about one of them.
 *
 * `node dist/examples/profile/main.js` · `--updates N` · `--ci` · `--directory DIR`, an empty one
 */
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { openRuntime, type Runtime } from "tidemark";
import { inDirectory } from "../support/directory.js";
import { count, lines } from "../support/figures.js";
import { pickAt, randomAt } from "../support/random.js";
import { birthdays, handled } from "./birthdays.js";
import { Person, type Profile } from "./person.js";

const { values } = parseArgs({
  options: {
    directory: { type: "string" },
    updates: { type: "string" },
    ci: { type: "boolean", default: false },
  },
});

const updates = Number(values.updates ?? (values.ci ? 5_000 : 200_000));
const people = Math.ceil(updates / 50);
const TYPE = "BirthDateChanged";
const WAIT_MS = 120_000;

await inDirectory("profile", values.directory, async (directory) => {
  // Nobody reads yet: the projection comes later, and finds its few events among all the others.
  let runtime = await openRuntime({ directory, aggregates: [Person] });
  try {
    await oneForm(runtime);
    await fill(runtime);
  } finally {
    await runtime.close();
  }
  const options = { directory, aggregates: [Person], projections: [birthdays] };
  runtime = await openRuntime(options);
  try {
    await readOneType(runtime);
  } finally {
    await runtime.close();
  }
  runtime = await openRuntime(options);
  try {
    await goOn(runtime);
  } finally {
    await runtime.close();
  }
});

/** What one command records. */
async function oneForm(runtime: Runtime): Promise<void> {
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
  console.log(
    `One form of five fields, three of them changed: one commit of three events\n${lines(
      answer.events.map(({ position, type, data }) => [
        `${position} ${type}`,
        JSON.stringify(data),
      ]),
    )}\nThe same form again records nothing.\n`,
  );
}

function profileAt(person: number, change: number): Profile {
  const number = person * 1_000 + change;
  const name = pickAt(["Ada", "Bo", "Chen", "Dana", "Eve", "Finn"], 1, number);
  const city = pickAt(["Bonn", "Essen", "Kiel", "Mainz", "Ulm"], 2, number);
  const digits = (seed: number, below: number) =>
    String(1 + Math.floor(randomAt(seed, person) * below)).padStart(2, "0");
  return {
    name: `${name} ${person}`,
    // Everybody gives it once, and some correct it once.
    birthDate: `19${10 + (person % 90)}-${digits(3, 12)}-${digits(4, change > 25 ? 28 : 27)}`,
    email: `${name.toLowerCase()}-${change % 3}@example.org`,
    phone: `0${Math.floor(randomAt(5, number) * 1e9)}`,
    city,
  };
}

async function fill(runtime: Runtime): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < updates) {
      const number = next++;
      const person = number % people;
      const data = profileAt(person, Math.floor(number / people));
      await runtime.ask(Person, `person-${person}`, { type: "UpdateProfile", data });
    }
  };
  await Promise.all(Array.from({ length: 256 }, worker));
}

/** The projection reads from the index of event types; beside it, the same in plain code, and what a scan would cost. */
async function readOneType(runtime: Runtime): Promise<void> {
  const view = runtime.view(birthdays);
  const startedAt = performance.now();
  const shown = await view.count({ fresh: true, timeoutMs: WAIT_MS });
  const builtMs = performance.now() - startedAt;
  const wanted = timed(() =>
    tally(runtime.events({ filter: { streamTypes: ["person"], eventTypes: [TYPE] } })),
  );
  const all = timed(() => tally(runtime.events()));
  const expected = all.result.get(TYPE) ?? 0;
  assert.equal(shown, people + 1);
  // What it was given is what there is of that type, each once, and nothing else.
  assert.deepEqual(handled, new Map([[TYPE, expected]]));
  assert.deepEqual(wanted.result, handled);
  assert.equal(runtime.head, sum(all.result));
  const share = ((100 * expected) / runtime.head).toFixed(1);
  const figures = [
    ["recorded", [...all.result].map(([type, n]) => `${type} ${count(n)}`).join(", ")],
    ["of the one type", `${count(expected)} of ${count(runtime.head)} events, ${share} %`],
    ["handled by the view", `${count(sum(handled))} events; built in ${builtMs.toFixed(0)} ms`],
    ["reading that type", `${wanted.ms.toFixed(0)} ms`],
    ["reading everything", `${all.ms.toFixed(0)} ms`],
  ] as const;
  console.log(`A projection of ${TYPE} only\n${lines(figures)}\n`);
}

/** Opened again: it goes on where it was, and what doesn't concern it isn't handed to it. */
async function goOn(runtime: Runtime): Promise<void> {
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
  assert.deepEqual(handled, new Map([[TYPE, 1]]));
  const day = birthDate.slice(5);
  const { entries } = await view.find("byDay", { equals: day, limit: 10_000 });
  const names = await Promise.all(
    entries.slice(0, 3).map(async ({ id }) => (await runtime.state(Person, id)).state.name),
  );
  console.log(
    `Opened again; of ${runtime.head - headBefore} more events it handled 1.\n` +
      `Birthday on ${day}: ${names.join(", ")}${entries.length > 3 ? `, and ${count(entries.length - 3)} more` : ""}`,
  );
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
