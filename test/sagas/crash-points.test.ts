/** R15: the process dies at each write of a saga's steps in turn; the next one finishes what it left. */
import { describe, expect, it } from "vitest";
import { readAll, MemoryJournal } from "../../journal/index.js";
import { decodeRecord } from "../../journal/record.js";
import { defaultLimits } from "../../src/kernel/limits.js";
import { openMemoryRuntime } from "../../src/testing/index.js";
import type { RecordedEvent, Runtime } from "../../src/index.js";
import { SimulatedClock } from "../simulation/simulated-clock.js";
import { DyingDirectory } from "../support/dying-directory.js";
import { Errand, List, Tally } from "../support/errands.js";
import { randomFrom } from "../support/random.js";
import { checkSagaRows } from "../support/saga-rows-check.js";
import { Purse, Transfer, TransferOrder } from "../support/transfers.js";

const ERRANDS = ["a", "b", "c"];
const SEED = Number(process.env["SEED"] ?? 1);

/** What the service is asked; each again in the next life unless it was answered. */
type Request = (runtime: Runtime) => Promise<unknown>;

const requests: readonly Request[] = [
  (runtime) =>
    runtime.ask(Purse, "ann", { type: "Deposit", data: { cents: 500 } }, { commandId: "q-1" }),
  (runtime) => runtime.ask(Purse, "eve", { type: "Close" }, { commandId: "q-2" }),
  (runtime) => transfer(runtime, "to-bob", "bob"),
  (runtime) => transfer(runtime, "to-eve", "eve"),
  ...ERRANDS.map(
    (id) => (runtime: Runtime) =>
      runtime.ask(List, "all", { type: "Ask", data: { id } }, { commandId: `q-${id}` }),
  ),
  ...ERRANDS.map(
    (id) => (runtime: Runtime) =>
      runtime.ask(List, "all", { type: "Nudge", data: { id } }, { commandId: `n-${id}` }),
  ),
];

function transfer(runtime: Runtime, id: string, to: string): Promise<unknown> {
  const data = { from: "ann", to, cents: 100 };
  return runtime.ask(TransferOrder, id, { type: "Request", data }, { commandId: `q-${id}` });
}

/** A service that may die, and what it leaves. */
class Service {
  readonly directory = new DyingDirectory();
  readonly clock: SimulatedClock;
  readonly #answered = new Set<Request>();

  constructor(seed: number) {
    this.clock = new SimulatedClock(randomFrom(seed));
  }

  /** One life: to the end of all work, or to its death. */
  async live(): Promise<void> {
    const opening = openMemoryRuntime({
      aggregates: [Purse, TransferOrder, Tally, List],
      sagas: [Transfer, Errand],
      directory: this.directory,
      clock: this.clock.newLife(),
    });
    let runtime: Runtime | undefined;
    void opening.then((opened) => (runtime = opened));
    while (!this.directory.dead && (await this.clock.step(5_000)));
    for (const request of requests) {
      if (this.directory.dead || runtime === undefined || this.#answered.has(request)) continue;
      void request(runtime).then(() => {
        // The dead hear nothing.
        if (!this.directory.dead) this.#answered.add(request);
      });
      await this.clock.step(5);
    }
    while (!this.directory.dead && (await this.clock.step(5_000)));
    await this.clock.endLife();
  }

  async loseRows(): Promise<void> {
    await this.directory.views.removeRange("rows", { from: [], before: [true] });
    await this.directory.views.removeRange("rows", { from: ["a"], before: ["z"] });
  }

  events(): RecordedEvent[] {
    const { clock } = this;
    return [...readAll(new MemoryJournal(this.directory.store, { clock, limits: defaultLimits }))];
  }

  problems(): string[] {
    const events = this.events();
    return [
      ...checkSagaRows(this.directory.views, events, ["transfer", "errand"]),
      ...unfinished(events),
      ...doubles(this.directory, events),
    ];
  }
}

function unfinished(events: readonly RecordedEvent[]): string[] {
  const ends = new Map<string, string>();
  const nudges = new Map<string, number>();
  for (const { streamId, type, data } of events) {
    if (type !== "saga.stepped") continue;
    const { state } = data as { state?: { value: unknown; context: { nudges?: number } } };
    if (state === undefined) continue;
    ends.set(streamId, String(state.value));
    nudges.set(streamId, state.context.nudges ?? 0);
  }
  const wanted = [
    ["transfer/to-bob", "done"],
    ["transfer/to-eve", "undone"],
    ...ERRANDS.map((id) => [`errand/${id}`, "done"]),
  ];
  const problems = wanted
    .filter(([streamId = "", end]) => ends.get(streamId) !== end)
    .map(([streamId = "", end]) => `${streamId} is ${ends.get(streamId)}, not ${end}`);
  for (const [streamId, times] of nudges)
    if (times > 1) problems.push(`${streamId} was nudged ${times} times`);
  if (events.some(({ type }) => type === "saga.parked" || type === "InputRefused"))
    problems.push("something was parked or refused");
  return problems;
}

/** Each command carried out once, each timer fired once, each effect there once. */
function doubles(directory: DyingDirectory, events: readonly RecordedEvent[]): string[] {
  const seen = new Map<string, number>();
  const add = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
  for (const { position, bytes } of directory.store.records) {
    const { commandId } = decodeRecord(position, bytes);
    if (commandId !== undefined) add(`command ${commandId}`);
  }
  for (const { streamId, type, data } of events) {
    if (type === "Added") add(`${streamId} ${(data as { key: string }).key}`);
    if (type === "Withdrawn" || type === "Deposited") add(`${streamId} ${type}`);
    if (type !== "saga.stepped") continue;
    const { input } = data as { input: { kind: string; id?: string } };
    if (input.kind === "timer") add(`${streamId} timer ${input.id}`);
  }
  const wanted = new Map([
    ["purse/ann Withdrawn", 2],
    ["purse/ann Deposited", 2],
    ["purse/bob Deposited", 1],
    ...ERRANDS.flatMap((id) => [
      [`tally/first ${id}`, 1] as const,
      [`tally/second-${id} ${id}`, 1] as const,
    ]),
  ]);
  const problems = [...wanted]
    .filter(([what, times]) => seen.get(what) !== times)
    .map(([what, times]) => `${what} ${seen.get(what)} times, not ${times}`);
  for (const [what, times] of seen)
    if (!wanted.has(what) && times > 1) problems.push(`${what} ${times} times`);
  const timers = [...seen.keys()].filter((what) => what.includes(" timer "));
  if (timers.length !== 2 * ERRANDS.length) problems.push(`${timers.length} timers fired`);
  return problems;
}

async function writesOfWholeRun(seed: number): Promise<number> {
  const service = new Service(seed);
  await service.live();
  expect(service.problems()).toEqual([]);
  return service.directory.writes;
}

describe("a service with sagas that dies at a write", () => {
  it.each([
    ["goes on from its rows", false],
    ["goes on from the log where all rows are lost", true],
  ])("%s, whichever write it is", async (_, rowsLost) => {
    let points = 0;
    const problems: string[] = [];
    for (let seed = SEED; seed < SEED + 2; seed++) {
      const writes = await writesOfWholeRun(seed);
      for (let write = 1; write <= writes; write++) {
        const service = new Service(seed);
        service.directory.dieAt(write);
        await service.live();
        service.directory.dieAt(Infinity);
        if (rowsLost) await service.loseRows();
        await service.live();
        points += 1;
        const found = service.problems();
        problems.push(...found.map((problem) => `seed ${seed}, write ${write}: ${problem}`));
      }
    }
    console.log(`died at ${points} writes${rowsLost ? ", rows lost" : ""}`);
    expect(problems).toEqual([]);
    expect(points).toBeGreaterThan(100);
  });

  it("goes on when it dies again and again before it gets anywhere", async () => {
    for (let seed = SEED; seed < SEED + 20; seed++) {
      const random = randomFrom(seed);
      const service = new Service(seed);
      for (let death = 0; death < 8; death++) {
        service.directory.dieAt(1 + Math.floor(random() * 25));
        await service.live();
        service.directory.dieAt(Infinity);
        if (random() < 0.3) await service.loseRows();
      }
      await service.live();
      expect({ seed, problems: service.problems() }).toEqual({ seed, problems: [] });
    }
  });
});
