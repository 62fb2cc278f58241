/**
 * Time travel: a user was deleted by mistake. How were they before, which event went wrong, and how do they come back?
 *
 * `node dist/examples/time-travel/main.js` · `--users N` · `--visits N` of each, a day · `--directory DIR`, an empty one · `--ci`
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { inspect, parseArgs } from "node:util";
import { openRuntime, type Position, type Runtime } from "tidemark";
import { ManualClock, inTemporaryDirectory } from "tidemark/testing";
import { difference } from "./difference.js";
import { profilesBy } from "./expected.js";
import { Farewell, GRACE_MS } from "./farewell.js";
import { culprit, justBefore, undoDeletion } from "./looking-back.js";
import { compareSnapshots, leftToFold } from "./snapshots.js";
import { ADA, aMonth, DAY_MS, later, type Size } from "./story.js";
import { User } from "./user.js";
import { usersView } from "./users-view.js";

const { values } = parseArgs({
  options: {
    directory: { type: "string" },
    users: { type: "string" },
    visits: { type: "string" },
    ci: { type: "boolean", default: false },
  },
});

const size: Size = {
  users: Number(values.users ?? (values.ci ? 5 : 40)),
  visits: Number(values.visits ?? (values.ci ? 20 : 50)),
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
  await using(users, async (runtime) => {
    await fromSnapshots(runtime);
    const deletedAt = await beforeTheDeletion(runtime);
    await atTimes(runtime);
    await debug(runtime);
    await recover(runtime, deletedAt);
  });
  await using(users, afterThirtyDays);
  await showSnapshots(join(directory, "snapshots"));
}

/** Opened again: from the newest snapshot, only later events are folded. */
async function fromSnapshots(runtime: Runtime): Promise<void> {
  const userId = `user-${size.users - 1}`;
  const { version } = await runtime.state(User, userId);
  const tried = await runtime.dryRun(User, userId, { type: "Visit", data: { page: "/" } });
  assert(tried.status === "accepted");
  assert.equal(tried.state.visits, version);
  const { eventsFolded } = runtime.status().actors;
  assert.equal(eventsFolded, version % 100);
  console.log(
    `${userId} has ${count(version)} events: fetched from a snapshot and ${eventsFolded} later ones`,
  );
}

/** The user, the view and the saga, just before the deletion and just behind it. */
async function beforeTheDeletion(runtime: Runtime): Promise<Position> {
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
  assert.deepEqual([users.count(), behind.collections.users.count()], [size.users, size.users - 1]);
  assert.equal(behind.collections.users.get(ADA), undefined);
  assert.equal(runtime.sagas.instance(Farewell, ADA, { at: { position } }), undefined);
  assert.equal(runtime.sagas.instance(Farewell, ADA)?.state, "undoable");
  assert.deepEqual([admins, adminsBehind], [[ADA], 0]);
  console.log(`\nDeleted on ${dayOf(event.recordedAtMs)}, at position ${count(position)}`);
  console.log(
    lines([
      ["just before", JSON.stringify(before.state)],
      ["in the view", `${count(users.count())} users, administrators: ${admins.join()}`],
      ["just behind", `${count(size.users - 1)} users, administrators: none`],
      ["the saga now", "undoable"],
    ]),
  );
  return position;
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
async function debug(runtime: Runtime): Promise<void> {
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
  assert.equal(wrong?.type, "RoleGranted");
  const { type, version, recordedAtMs } = wrong;
  console.log(lines([["since", `${type} at version ${version}, ${dayOf(recordedAtMs)}`]]));
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
async function afterThirtyDays(runtime: Runtime): Promise<void> {
  const { head } = runtime;
  await later(clock, GRACE_MS + DAY_MS);
  await runtime.sagas.idle();
  assert.equal(runtime.head, head);
  assert.equal((await runtime.state(User, ADA)).state.status, "active");
  console.log(lines([["31 days later", "still here"]]));
}

async function showSnapshots(directory: string): Promise<void> {
  const folded = await compareSnapshots(directory);
  for (const [name, events] of folded) {
    const least = leftToFold[name];
    // Those that are written behind may be on their way when the process is killed.
    const isExact = name === "never" || name === "every 10, before the reply";
    assert(isExact ? events === least : events >= least && events < leftToFold.never, name);
  }
  console.log("\nKilled behind the answer to event 250; folded when opened again, with a snapshot");
  console.log(lines(folded.map(([name, events]) => [name, count(events)])));
}

function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

async function using(directory: string, use: (runtime: Runtime) => Promise<void>): Promise<void> {
  const runtime = await openRuntime({ ...parts, directory, clock });
  try {
    await use(runtime);
  } finally {
    await runtime.close();
  }
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** Lines of a name and a text, the texts below one another. */
function lines(rows: readonly (readonly [name: string, text: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, text]) => `  ${name.padEnd(width)}${text}`).join("\n");
}

await (values.directory === undefined ? inTemporaryDirectory(main) : main(values.directory));
