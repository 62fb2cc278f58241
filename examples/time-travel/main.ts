/**
 * S8 time-travel: a user was deleted by mistake. How were they before, which event went wrong, and how do they come back?
 *
 * `node dist/examples/time-travel/main.js` · `--size N` users · `--full` · `--ci` · `--directory DIR`
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { inspect, parseArgs } from "node:util";
import { openRuntime, type Position, type Runtime } from "tidemark";
import { inTemporaryDirectory, ManualClock } from "tidemark/testing";
import { difference } from "./difference.js";
import { profilesBy } from "./expected.js";
import { Farewell, GRACE_MS } from "./farewell-saga.js";
import { culprit, justBefore, undoDeletion } from "./looking-back.js";
import { count, lines } from "./report.js";
import { compareSnapshots, leftToFold } from "./snapshots.js";
import { ADA, aMonth, DAY_MS, later, type Size } from "./traffic.js";
import { User } from "./user.js";
import { usersView } from "./users-view.js";
import type { PolicyName } from "./visitors.js";

const { values: flags } = parseArgs({
  options: {
    size: { type: "string" },
    full: { type: "boolean", default: false },
    ci: { type: "boolean", default: false },
    directory: { type: "string" },
  },
});

const size: Size = {
  users: Number(flags.size ?? (flags.full ? 400 : flags.ci ? 5 : 40)),
  visits: flags.ci ? 20 : 50,
};

const clock = new ManualClock();
const beganMs = clock.nowMs();
const parts = { aggregates: [User], projections: [usersView], sagas: [Farewell] };

async function main(directory: string): Promise<void> {
  const users = join(directory, "users");
  await using(users, async (runtime) => {
    await aMonth(runtime, clock, size);
    await runtime.sagas.idle();
  });
  const back = await using(users, async (runtime) => {
    const hydration = await fromSnapshots(runtime);
    const before = await beforeTheDeletion(runtime);
    await atTimes(runtime);
    const wrong = await debug(runtime);
    await recover(runtime, before.position);
    return { hydration, before, wrong };
  });
  const status = await using(users, afterThirtyDays);
  const folded = await showSnapshots(join(directory, "snapshots"));
  const { hydration, before, wrong } = back;
  const outcome = {
    "events folded behind a snapshot": { stated: hydration.events % 100, found: hydration.folded },
    "users in the view, just before the deletion": { stated: size.users, found: before.users },
    "and just behind it": { stated: size.users - 1, found: before.usersBehind },
    "state of the saga, just before it": { stated: "none", found: before.saga },
    "event since which it was wrong": { stated: "RoleGranted", found: wrong },
    "a month after the deletion was undone": { stated: "active", found: status },
    "events folded without snapshots": { stated: leftToFold.never, found: folded.never },
    "with one before each reply, killed": {
      stated: 0,
      found: folded["every 10, before the reply"],
    },
  };
  console.table(outcome);
  for (const [what, { stated, found }] of Object.entries(outcome))
    assert.equal(found, stated, `not as stated: ${what}`);
}

/** Opened again: from the newest snapshot, only later events are folded. */
async function fromSnapshots(runtime: Runtime) {
  const userId = `user-${size.users - 1}`;
  const { version } = await runtime.state(User, userId);
  const tried = await runtime.dryRun(User, userId, { type: "Visit", data: { page: "/" } });
  assert(tried.status === "accepted");
  assert.equal(tried.state.visits, version);
  const { eventsFolded } = runtime.status().actors;
  console.log(
    `${userId} has ${count(version)} events: fetched from a snapshot and ${eventsFolded} later ones`,
  );
  return { events: version, folded: eventsFolded };
}

/** The user, the view and the saga, just before the deletion and just behind it. */
async function beforeTheDeletion(runtime: Runtime) {
  const { event, before } = await justBefore(runtime, ADA, "UserDeleted");
  const { position } = event;
  // #region view-before
  const then = await runtime.viewAt(usersView, { position: position - 1 });
  const { users } = then.collections;
  const admins = users.find("byRole", { equals: "admin" }).entries.map(({ id }) => id);
  // #endregion
  const behind = await runtime.viewAt(usersView, { position });
  const adminsBehind = behind.collections.users.countBy("byRole", { equals: "admin" });
  assert.equal(then.position, position - 1);
  assert.deepEqual(before.state.profile, users.get(ADA));
  const same = await runtime.state(User, ADA, { at: { position: position - 1 } });
  assert.deepEqual(same, before);
  assert.deepEqual(
    new Map(users.list({ limit: 10_000 }).entries.map((each) => [each.id, each.document])),
    profilesBy(runtime, (each) => each.position < position),
  );
  const usersBehind = behind.collections.users.count();
  assert.equal(behind.collections.users.get(ADA), undefined);
  const saga = runtime.sagas.instance(Farewell, ADA, { at: { position: position - 1 } });
  assert.equal(runtime.sagas.instance(Farewell, ADA)?.state, "undoable");
  assert.deepEqual([admins, adminsBehind], [[ADA], 0]);
  console.log(`\nDeleted on ${dayOf(event.recordedAtMs)}, at position ${count(position)}`);
  console.log(
    lines([
      ["just before", JSON.stringify(before.state)],
      ["in the view", `${count(users.count())} users, administrators: ${admins.join()}`],
      ["just behind", `${count(usersBehind)} users, administrators: none`],
      ["the saga now", "undoable"],
    ]),
  );
  return { position, users: users.count(), usersBehind, saga: saga?.state ?? "none" };
}

/** As it was on some days; the deletion came with the saga's first step, behind it. */
async function atTimes(runtime: Runtime): Promise<void> {
  const rows: [string, string][] = [];
  for (const day of [0, 6, 13, 24]) {
    const timeMs = beganMs + day * DAY_MS;
    const { state } = await runtime.state(User, ADA, { at: { timeMs } });
    const view = await runtime.viewAt(usersView, { timeMs }, { key: ADA });
    const instance = runtime.sagas.instance(Farewell, ADA, { at: { timeMs } });
    const expected = profilesBy(runtime, (event) => event.recordedAtMs <= timeMs).get(ADA);
    assert.deepEqual(view.collections.users.get(ADA), expected);
    assert.deepEqual(state.profile ?? undefined, expected);
    assert.equal(instance?.state, day < 20 ? undefined : "undoable");
    const seen =
      expected === undefined ? "not there" : `${expected.name} [${expected.roles.join()}]`;
    rows.push([dayOf(timeMs), `${seen}, ${state.status}, ${count(state.visits)} visits`]);
  }
  console.log(`\n${ADA} as of\n${lines(rows)}`);
}

/** Which event made her an administrator, and what changed between two versions. */
async function debug(runtime: Runtime): Promise<string> {
  const { before } = await justBefore(runtime, ADA, "UserDeleted");
  const earlier = await runtime.state(User, ADA, { at: { timeMs: beganMs + 4 * DAY_MS } });
  const found = difference(earlier.state, before.state);
  assert.deepEqual(
    found.map(({ path }) => path),
    ["profile.name", "profile.roles.0", "visits", "lastPage"],
  );
  const texts = found.map(
    ({ path, before: was, after: is }) => [path, `${inspect(was)} → ${inspect(is)}`] as const,
  );
  console.log(`\nVersion ${earlier.version} and version ${before.version}\n${lines(texts)}`);
  const wrong = await culprit(runtime, ADA, ({ profile, status }) =>
    status === "deleted" ? true : profile?.roles.includes("admin") === true,
  );
  assert(wrong);
  const { type, version, recordedAtMs } = wrong;
  console.log(lines([["since", `${type} at version ${version}, ${dayOf(recordedAtMs)}`]]));
  return type;
}

/** Nothing is taken out of the log. */
async function recover(runtime: Runtime, deletedAt: Position): Promise<void> {
  const profile = await undoDeletion(runtime, ADA);
  await runtime.ask(User, ADA, { type: "RevokeRole", data: { role: "admin" } });
  await runtime.sagas.idle();
  const shown = await runtime.view(usersView).get(ADA, { fresh: true });
  assert.deepEqual(shown, { ...profile, roles: [] });
  assert.equal(runtime.sagas.instance(Farewell, ADA)?.state, "kept");
  assert.equal(runtime.sagas.instance(Farewell, ADA)?.timers.length, 0);
  const first = runtime.sagas.instance(Farewell, ADA, { at: { version: 1 } });
  assert.deepEqual([first?.state, first?.timers.length], ["undoable", 1]);
  // The past stays what it was.
  const then = await runtime.viewAt(usersView, { position: deletedAt });
  assert.equal(then.collections.users.get(ADA), undefined);
  const states = [...runtime.sagas.history(Farewell, ADA)].map(({ state }) => state);
  console.log(`\nRestored, and the role taken back: ${JSON.stringify(shown)}`);
  console.log(lines([["the saga went", states.join(" → ")]]));
}

/** In another life of the service: what was cancelled doesn't happen. */
async function afterThirtyDays(runtime: Runtime): Promise<string> {
  const { head } = runtime;
  await later(clock, GRACE_MS + DAY_MS);
  await runtime.sagas.idle();
  assert.equal(runtime.head, head);
  const { status } = (await runtime.state(User, ADA)).state;
  console.log(lines([["31 days later", status]]));
  return status;
}

async function showSnapshots(directory: string) {
  const folded = await compareSnapshots(directory);
  for (const [name, events] of folded) {
    const least = leftToFold[name];
    // Those that are written behind may be on their way when the process is killed.
    assert(events >= least && events <= leftToFold.never, name);
  }
  console.log("\nKilled behind the answer to event 250; folded when opened again, with a snapshot");
  console.log(lines(folded.map(([name, events]) => [name, count(events)])));
  return Object.fromEntries(folded) as Record<PolicyName, number>;
}

function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

async function using<T>(directory: string, use: (runtime: Runtime) => Promise<T>): Promise<T> {
  const runtime = await openRuntime({ ...parts, directory, clock });
  try {
    return await use(runtime);
  } finally {
    await runtime.close();
  }
}

await (flags.directory === undefined ? inTemporaryDirectory(main) : main(flags.directory));
