/** The two deployments: one with the view that forgot the renames, one with the view that listens to them. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { openRuntime, type ProjectionStatus, type Runtime } from "tidemark";
import { Car, Customer } from "./car.js";
import { carsV1, carsV2, type CarRow } from "./cars-view.js";
import { foldCars, type Cars } from "./expected.js";
import { auditText, changesText, count, latencyText, line, ownersText } from "./report.js";
import { send, type Part, type Sent, type Size } from "./traffic.js";

const AGGREGATES = [Car, Customer];
const WAIT_MS = 120_000;
const BY = { by: "ada" };

/** What is to be shown, and what was. */
export type Outcome = Record<string, { readonly stated: number; readonly found: number }>;

/** Version 1 under load; everything it ever knew is in the log. */
export async function firstDeployment(directory: string, size: Size): Promise<Outcome> {
  const runtime = await openRuntime({ directory, aggregates: AGGREGATES, projections: [carsV1] });
  try {
    const before = size.customers + size.cars + size.changes;
    const { accepted, rejected, latencies } = await send(runtime, size, { from: 0, before });
    const view = runtime.view(carsV1, "cars");
    assert.equal(await view.count({ fresh: true, timeoutMs: WAIT_MS }), size.cars);
    const found = equalCars(await carsOf(runtime, carsV1), foldCars(runtime, false));
    console.log("Version 1, which forgets that customers are renamed");
    line("commands", `${count(accepted)} accepted, ${count(rejected)} refused (sold already)`);
    line("latency", latencyText(latencies));
    line("view", `${count(found)} cars, equal to a fold of ${count(runtime.head)} events\n`);
    return {
      "cars in version 1, as a fold without renames has them": { stated: size.cars, found },
    };
  } finally {
    await runtime.close();
  }
}

/** Version 2 is built beside version 1, which serves meanwhile, and then takes over. */
export async function secondDeployment(directory: string, size: Size): Promise<Outcome> {
  const options = { directory, aggregates: AGGREGATES, projections: [carsV2] };
  const runtime = await openRuntime(options);
  let outcome: Outcome = {};
  try {
    if (serving(runtime).version === carsV2.version) {
      console.log("Version 2 serves already\n");
      await send(runtime, size, partOfLater(size, 0, 3));
    } else {
      await goOn(runtime);
      outcome = await rebuildUnderTraffic(runtime, size);
      outcome = { ...outcome, ...(await rollBackAndForward(runtime)) };
    }
    console.log(`What was done, from the audit stream\n${auditText(runtime)}\n`);
  } finally {
    await runtime.close();
  }
  const reopened = await openRuntime(options);
  try {
    const cars = await carsOf(reopened, carsV2);
    const found = equalCars(cars, foldCars(reopened, true));
    const owners = new Set([...cars.values()].map(({ customerId }) => customerId));
    owners.delete(null);
    console.log(
      `Opened again: version 2 serves ${count(cars.size)} cars of ${count(owners.size)} owners, ` +
        `each under its name of today.\n${await ownersText(reopened, [...owners] as string[])}`,
    );
    return {
      ...outcome,
      "version that serves, opened again": { stated: 2, found: serving(reopened).version },
      "cars in it, as a fold of the whole log has them": { stated: size.cars, found },
    };
  } finally {
    await reopened.close();
  }
}

/** Where an earlier run was killed, its rebuild goes on by itself; one that was rolled back is asked for again. */
async function goOn(runtime: Runtime): Promise<void> {
  const building = statusOf(runtime).generations.find(({ role }) => role === "building");
  if (building === undefined) {
    await runtime.operations.rebuild(carsV2, { ...BY, reason: "an earlier run was cut off" });
    console.log("Version 1 serves, version 2 is built once more");
  } else {
    const from = building.position === 0 ? "begins" : `goes on from ${count(building.position)}`;
    console.log(`Version 1 serves, version 2 is being built: it ${from}`);
  }
}

/** Thirds of what is sent while version 2 is built. */
function partOfLater(size: Size, from: number, before: number): Part {
  const start = size.customers + size.cars + size.changes;
  const third = size.laterChanges / 3;
  return { from: start + Math.floor(third * from), before: start + Math.floor(third * before) };
}

async function rebuildUnderTraffic(runtime: Runtime, size: Size): Promise<Outcome> {
  const perSecond = 500;
  const servedFrom = runtime.view(carsV2, "cars").position();
  const byPhase = new Map<string, number>();
  const onAnswer = () => {
    const phase = statusOf(runtime).rebuild?.phase ?? "none";
    byPhase.set(phase, (byPhase.get(phase) ?? 0) + 1);
  };

  const [first, , readEarly] = await Promise.all([
    send(runtime, size, partOfLater(size, 0, 1), { perSecond, onAnswer }),
    phaseReached(runtime, "awaiting-approval"),
    readOneCar(runtime),
  ]);
  // The old generation served all the time, and moved on with the log.
  const servedMeanwhile = serving(runtime).version;
  assert.ok(runtime.view(carsV2, "cars").position() > servedFrom);
  assertDiff(runtime);

  const second = await send(runtime, size, partOfLater(size, 1, 2), { perSecond, onAnswer });
  const [third] = await Promise.all([
    send(runtime, size, partOfLater(size, 2, 3), { perSecond, onAnswer }),
    approve(runtime),
    phaseReached(runtime, "done"),
  ]);
  assert.equal(serving(runtime).version, 2);
  // Commands were taken in each phase, and none was lost on the way.
  for (const phase of ["awaiting-approval", "done"]) assert.ok((byPhase.get(phase) ?? 0) > 0);
  const found = equalCars(await carsOf(runtime, carsV2), foldCars(runtime, true));
  reportRebuild(runtime, [first, second, third], byPhase, found);
  const sent = size.laterChanges;
  const answered = [first, second, third].reduce((sum, each) => sum + each.latencies.count, 0);
  return {
    "version that served while version 2 was built": { stated: 1, found: servedMeanwhile },
    "commands answered from its first event to its last": { stated: sent, found: answered },
    "cars read as of just now while it was built": { stated: 1, found: readEarly },
    "cars when it took over, as a fold has them": { stated: size.cars, found },
  };
}

/** The latest state of one car, while the rest is being built. @returns How many were read. */
async function readOneCar(runtime: Runtime): Promise<number> {
  const id = "car-0";
  const view = runtime.view(carsV2, "cars");
  const answer = await runtime.ask(Car, id, { type: "Repaint", data: { colour: "gold" } });
  assert.equal(answer.status, "accepted");
  const startedAt = performance.now();
  // #region latest-state
  const car = await view.get(id, { atLeast: answer.position });
  // #endregion
  const ms = performance.now() - startedAt;
  assert.equal(car?.colour, "gold");
  // #region latest-state
  // From the journal itself, whatever becomes of views.
  const { state } = await runtime.state(Car, id);
  // #endregion
  assert.equal(state.colour, "gold");
  const { phase } = statusOf(runtime).rebuild ?? {};
  assert.notEqual(phase, "done");
  // What version 1 doesn't have can't be asked for yet.
  await assert.rejects(view.find("byCustomer"), { code: "view-not-built" });
  console.log(`${id}, painted gold just now, is read ${ms.toFixed(1)} ms later (${phase})`);
  return 1;
}

/** The two generations differ exactly in the names that version 1 forgot. */
function assertDiff(runtime: Runtime): void {
  const diff = statusOf(runtime).rebuild?.diff;
  assert.ok(diff !== undefined);
  const { position, added, removed, changed, samples } = diff;
  const before = foldCars(runtime, false, position);
  const after = foldCars(runtime, true, position);
  const differing = [...after].filter(([id, car]) => car.customerName !== nameIn(before, id));
  const cars = samples.filter(({ collection }) => collection === "cars");
  assert.deepEqual([added, removed], [0, 0]);
  assert.ok(changed >= differing.length && differing.length > 0);
  for (const { id, before: was, after: is } of cars)
    assert.deepEqual([was, is], [before.get(id), after.get(id)]);
  console.log(
    `\nWhat version 2 would change, as of position ${count(position)}: ${count(changed)} documents ` +
      `(${count(differing.length)} cars, the others customers), none added, none removed\n` +
      `${changesText(cars as { id: string; before: CarRow; after: CarRow }[])}\n`,
  );
}

/** Somebody looks at what would change, and lets version 2 serve. */
async function approve(runtime: Runtime): Promise<void> {
  // #region approve
  const diff = runtime.status().projections[carsV2.name]?.rebuild?.diff;
  await runtime.operations.approve(carsV2, { by: "ada", reason: "only names of owners change" });
  // #endregion
  assert.deepEqual([diff?.added, diff?.removed], [0, 0]);
}

function nameIn(cars: Cars, id: string): string | null {
  return cars.get(id)?.customerName ?? null;
}

function reportRebuild(
  runtime: Runtime,
  sent: readonly Sent[],
  byPhase: ReadonlyMap<string, number>,
  equal: number,
): void {
  const flipMs = statusOf(runtime).rebuild?.flipMs ?? Number.NaN;
  console.log("Version 2 serves");
  for (const [at, when] of [
    "while it was built",
    "while it waited",
    "while it took over",
  ].entries())
    line(`commands ${when}`, latencyText(sent[at]!.latencies));
  line("answered by phase", [...byPhase].map(([phase, n]) => `${phase} ${n}`).join(", "));
  line("the view stood still for", `${flipMs.toFixed(1)} ms`);
  line("view", `${count(equal)} cars, equal to a fold of ${count(runtime.head)} events\n`);
}

/** One call each way; both generations have followed the log all the time. */
async function rollBackAndForward(runtime: Runtime): Promise<Outcome> {
  const { operations } = runtime;
  await operations.rollback(carsV2, { ...BY, reason: "to show that it takes one call" });
  const after = serving(runtime).version;
  assert.deepEqual(await carsOf(runtime, carsV2), foldCars(runtime, false));
  await operations.rollback(carsV2, { ...BY, reason: "and forward again" });
  assert.equal(serving(runtime).version, 2);
  assert.deepEqual(await carsOf(runtime, carsV2), foldCars(runtime, true));
  return { "version that serves after one call of rollback": { stated: 1, found: after } };
}

async function phaseReached(runtime: Runtime, wanted: "awaiting-approval" | "done"): Promise<void> {
  let next = 0;
  for (;;) {
    const { rebuild, generations } = statusOf(runtime);
    if (rebuild?.phase === wanted) return;
    assert.notEqual(rebuild?.phase, "failed", rebuild?.error);
    const building = generations.find(({ role }) => role === "building");
    if (building !== undefined && building.position > next && building.lagEvents > 0) {
      console.log(`  built up to ${count(building.position)} of ${count(building.head)}`);
      next = building.position + building.head / 8;
    }
    await sleep(20);
  }
}

async function carsOf(runtime: Runtime, version: typeof carsV1 | typeof carsV2): Promise<Cars> {
  const cars = new Map<string, CarRow>();
  const view = runtime.view(version, "cars");
  for await (const { id, document } of view.all({ fresh: true, timeoutMs: WAIT_MS }))
    cars.set(id, document);
  return cars;
}

function equalCars(cars: Cars, expected: Cars): number {
  assert.equal(cars.size, expected.size);
  return [...cars].filter(([id, car]) => isDeepStrictEqual(car, expected.get(id))).length;
}

function statusOf(runtime: Runtime): ProjectionStatus {
  const status = runtime.status().projections[carsV2.name];
  assert.ok(status !== undefined);
  return status;
}

function serving(runtime: Runtime): ProjectionStatus["generations"][number] {
  const [first] = statusOf(runtime).generations;
  assert.ok(first !== undefined);
  return first;
}
