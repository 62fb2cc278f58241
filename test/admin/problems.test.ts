/** Problems: each comes up while it is there, says what helps, and is gone after that. */
import { afterEach, expect, it } from "vitest";
import { setup } from "xstate";
import {
  inProcessHub,
  projection,
  collection,
  saga,
  start,
  send,
  type AdminClient,
  type Problem,
  type Runtime,
  type RuntimeOptions,
  remote,
} from "tidemark";
import { ManualClock, MemoryDirectory, openMemoryRuntime } from "tidemark/testing";
import { office, PurseView } from "../support/office.js";
import { Purse, TransferOrder, type Order } from "../support/transfers.js";
import { until } from "../support/until.js";

let runtime: Runtime | undefined;
afterEach(() => runtime?.close());

async function open(options: Partial<RuntimeOptions> = {}) {
  const clock = new ManualClock();
  runtime = await openMemoryRuntime({
    ...office,
    clock,
    directory: new MemoryDirectory(),
    ...options,
  });
  const admin = runtime.admin();
  const problems = async () => (await admin.call("overview", {})).problems;
  return { runtime, admin, clock, problems };
}
/** Does what the button says. */
const press = (admin: AdminClient, problem: Problem | undefined, label: string) => {
  const action = problem?.actions.find((each) => each.label === label);
  if (action === undefined) throw new Error(`no button says ${label}`);
  return admin.call(action.operation, action.input as never);
};
const failing = (then: "stop" | "park", isMended: () => boolean) =>
  projection({
    name: "purses",
    version: 1,
    from: [Purse],
    collections: { rows: collection<{ cents: number }>() },
    on: {
      Deposited: (event) => {
        if (!isMended()) throw new Error(`no room for ${event.data.cents}`);
      },
    },
    onFailure: { attemptsMax: 1, then },
  });
const deposit = (of: Runtime, cents: number) =>
  of.ask(Purse, "ann", { type: "Deposit", data: { cents } });

it("a projection that stopped can be resumed, or made to pass the event over", async () => {
  let isMended = false;
  const view = failing("stop", () => isMended);
  const world = await open({ projections: [view] });
  await deposit(world.runtime, 5);
  await until(() => world.runtime.health().state === "unhealthy");
  const [stopped] = await world.problems();
  expect(stopped).toMatchObject({ severity: "unhealthy", subject: "projection purses" });
  expect(stopped?.problem).toContain("no room for 5");
  await press(world.admin, stopped, "Skip this event");
  await world.runtime.operations.refresh(view);
  expect(await world.problems()).toEqual([]);
  await deposit(world.runtime, 6);
  await until(() => world.runtime.health().state === "unhealthy");
  isMended = true;
  await press(world.admin, (await world.problems())[0], "Resume");
  await world.runtime.operations.refresh(view);
  expect(await world.problems()).toEqual([]);
});

it("parked events are replayed by their button", async () => {
  let isMended = false;
  const view = failing("park", () => isMended);
  const world = await open({ projections: [view] });
  await deposit(world.runtime, 5);
  await world.runtime.operations.refresh(view);
  const [parked] = await world.problems();
  isMended = true;
  await press(world.admin, parked, "Replay parked");
  expect(await world.problems()).toEqual([]);
});

it("a paused projection is resumed by its button", async () => {
  const world = await open();
  await world.admin.call("projection.pause", { name: "purses" });
  await press(world.admin, (await world.problems())[0], "Resume");
  expect(await world.problems()).toEqual([]);
});

it("a rebuild that waits is approved or cancelled by its buttons", async () => {
  const world = await open();
  await deposit(world.runtime, 5);
  for (const label of ["Cancel the rebuild", "Approve"]) {
    await world.admin.call("projection.rebuild", { name: "purses", approve: true });
    await world.runtime.operations.rebuilt(PurseView);
    await press(world.admin, (await world.problems())[0], label);
    await world.runtime.operations.rebuilt(PurseView);
    expect(await world.problems(), label).toEqual([]);
  }
});

it("parked instances and sessions are told with advice", async () => {
  const world = await open();
  await world.runtime.ask(TransferOrder, "t1", {
    type: "Request",
    data: { from: "ann", to: "bob", cents: 5 },
  });
  await deposit(world.runtime, 500);
  await world.runtime.ask(Purse, "ann", { type: "Withdraw", data: { cents: 200 } });
  await world.runtime.sagas.idle();
  await world.runtime.rules.idle();
  await world.admin.call("saga.park", { name: "transfer", instanceId: "t1" });
  await world.admin.call("rules.park", { name: "spending", sessionId: "ann" });
  await world.runtime.sagas.idle();
  await world.runtime.rules.idle();
  const problems = await world.problems();
  expect(problems.map(({ subject, problem }) => `${subject}: ${problem}`)).toEqual([
    "saga transfer: 1 instance is parked.",
    "rule set spending: 1 session is parked.",
  ]);
  for (const { advice } of problems) expect(advice).toContain("one by one");
});

it("an aggregate that can't be reached is told once attempts have failed for a while, with what waits for it", async () => {
  const Far = remote<{ type: "Do"; data: { n: number } }>("far");
  const reaching = setup({
    types: { context: {} as Order, input: {} as Order },
    actions: {
      reach: send(
        Far,
        () => "x",
        () => ({ type: "Do", data: { n: 1 } }),
        { as: "it" },
      ),
    },
  }).createMachine({
    id: "reaching",
    context: ({ input }) => input,
    initial: "asking",
    states: { asking: { entry: "reach", after: { 60_000: "over" } }, over: { type: "final" } },
  });
  const Reaching = saga({
    name: "reaching",
    machine: reaching,
    from: [TransferOrder],
    correlate: { Requested: (event) => start(event.entityId) },
  });
  const world = await open({ sagas: [Reaching], messaging: inProcessHub() });
  await world.runtime.ask(TransferOrder, "t1", {
    type: "Request",
    data: { from: "ann", to: "bob", cents: 5 },
  });
  const lanes = async () => (await world.admin.call("outbox", {})).lanes;
  for (let n = 0; n < 200 && ((await lanes())[0]?.attempts ?? 0) < 5; n++)
    await world.clock.advance(500);
  expect(await lanes()).toMatchObject([{ owner: "sagas", lane: "far", waiting: 1 }]);
  const { timers } = await world.admin.call("timers", {});
  expect(timers).toMatchObject([{ owner: "reaching", instanceId: "t1" }]);
  expect((await world.problems()).map(({ subject }) => subject)).toContain(
    "commands of sagas to far",
  );
});
