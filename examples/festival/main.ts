/**
 * S5 festival: teams belong to events, kept consistent both ways while teams are founded, moved and dissolved, and events are
 * deleted with their teams; killed in the middle of that.
 *
 * `node dist/examples/festival/main.js` · `--size N` events, of 50 teams each · `--full` · `--ci` · `--directory DIR`
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { RecordedEvent, Runtime, Saga } from "tidemark";
import { inTemporaryDirectory } from "tidemark/testing";
import { Cascade } from "./cascade-saga.js";
import { checkConsistent, Festival } from "./expected.js";
import { festivalView } from "./festival-view.js";
import { Membership } from "./membership-saga.js";
import { Team, type TeamEvent } from "./team.js";
import { openService } from "./service.js";
import { deleteAmidMoves, setUp, type Size } from "./traffic.js";

const { values: flags } = parseArgs({
  options: {
    size: { type: "string" },
    full: { type: "boolean", default: false },
    ci: { type: "boolean", default: false },
    directory: { type: "string" },
  },
});

const size: Size = {
  events: Number(flags.size ?? (flags.full ? 10_000 : flags.ci ? 40 : 400)),
  teams: flags.ci ? 20 : 50,
};

async function main(directory: string): Promise<void> {
  await using(directory, foundAll);
  await killInTheMiddle(directory);
  await using(directory, deleteTheRest);
}

/** Every event and its teams, each admitted. */
async function foundAll(runtime: Runtime): Promise<void> {
  const seconds = await timed(async () => {
    await setUp(runtime, size);
    await runtime.sagas.idle();
  });
  const { events, teams } = await checkConsistent(runtime);
  assert.equal(teams.size, size.events * size.teams);
  console.log(
    `${count(events.size)} events, ${count(teams.size)} teams, each admitted by its event`,
  );
  console.log(`  took  ${rate(seconds, teams.size)}`);
}

/** Opened again: what was cut off goes on, and the deletions that weren't asked for are. */
async function deleteTheRest(runtime: Runtime): Promise<void> {
  const before = Festival.of(runtime).teams.size;
  const seconds = await timed(async () => {
    await deleteAmidMoves(runtime, size);
    await runtime.sagas.idle();
  });
  const festival = await checkConsistent(runtime);
  const dissolved = before - festival.teams.size;
  console.log(`\nOpened again: the cascades went on, and everything is consistent both ways`);
  console.log(`  took  ${rate(seconds, dissolved)}`);
  await show(runtime, festival);
  const half = Math.floor(size.events / 2);
  const cascades = Object.fromEntries(
    runtime.sagas.counts(Cascade).map((each) => [each.state, each.instances]),
  );
  const members = await runtime.view(festivalView, "teams").count();
  const outcome = {
    "events deleted": { stated: half, found: festival.deleted.size },
    "cascades that came to their end": { stated: half, found: cascades["done"] },
    "teams left of a deleted event": { stated: 0, found: festival.orphans() },
    "teams in the view, each at the event that has it": {
      stated: festival.teams.size,
      found: members,
    },
  };
  console.table(outcome);
  for (const [what, { stated, found }] of Object.entries(outcome))
    assert.equal(found, stated, `not as stated: ${what}`);
}

/** Events are deleted amid moves; killed when a fifth of their teams have gone. */
async function killInTheMiddle(directory: string): Promise<void> {
  const path = fileURLToPath(new URL("./festival-process.js", import.meta.url));
  const dieAt = Math.floor((size.events * size.teams) / 10);
  const args = [path, directory, ...[size.events, size.teams, dieAt].map(String)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
  const ended = new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(signal ?? code));
  });
  assert.equal(await ended, "SIGKILL");
  await using(
    directory,
    async (runtime) => {
      const festival = Festival.of(runtime);
      const orphans = festival.orphans();
      assert(orphans > 0, "killed in the middle of a cascade");
      console.log(
        `\nKilled when ${count(festival.deleted.size)} events were deleted, ` +
          `and ${count(orphans)} of their teams were still to be told`,
      );
    },
    true,
  );
}

async function using(
  directory: string,
  use: (runtime: Runtime) => Promise<void>,
  readOnly = false,
): Promise<void> {
  const runtime = await openService(directory, readOnly);
  try {
    await use(runtime);
  } finally {
    await runtime.close();
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1_000;
}

function rate(seconds: number, teams: number): string {
  return `${seconds.toFixed(1)} s for ${count(teams)} teams, ${count(teams / seconds)} a second`;
}

/** Instances by state. None may be parked, and no event may have found nobody. */
function statesOf(runtime: Runtime, saga: Saga): (readonly [string, string])[] {
  const counts = runtime.sagas.counts(saga);
  assert(counts.every(({ status }) => status !== "parked"));
  assert.deepEqual(runtime.sagas.refused(saga), []);
  return counts.map(({ state, instances }) => [state, count(instances)]);
}

async function show(runtime: Runtime, festival: Festival): Promise<void> {
  console.log("\nCascades");
  for (const [state, instances] of statesOf(runtime, Cascade)) line(state, instances);
  console.log("Memberships");
  for (const [state, instances] of statesOf(runtime, Membership)) line(state, instances);
  const eventId = [...festival.events.keys()][0] ?? "";
  const teams = runtime.view(festivalView, "teams");
  const { entries } = await teams.find("byEvent", { equals: eventId, limit: 4 });
  const members = await teams.countBy("byEvent", { equals: eventId });
  console.log(`\n${festival.events.get(eventId) ?? ""} has ${members} teams:`);
  for (const { id, document } of entries) line(id, document.name);
  showMoved(runtime, festival);
}

/** A team that was to move to an event that was being deleted, and another that moved away from one in time. */
function showMoved(runtime: Runtime, { deleted, teams }: Festival): void {
  const filter = { streamTypes: ["team"], eventTypes: ["JoinRefused", "TeamSettled"] };
  const events = [...(runtime.events({ filter }) as Iterable<RecordedEvent<TeamEvent>>)];
  const stayed = events.find(({ entityId, type }) => type === "JoinRefused" && teams.has(entityId));
  const away = events.find(
    ({ entityId, type, data }) =>
      type === "TeamSettled" &&
      data.join > 1 &&
      teams.has(entityId) &&
      deleted.has(firstOf(runtime, entityId)),
  );
  for (const [what, found] of [
    ["stayed, since the event it asked for was deleted", stayed],
    ["left an event that was being deleted", away],
  ] as const) {
    if (found === undefined) continue;
    console.log(`\n${found.entityId} ${what}:`);
    const story = [...runtime.history(Team, found.entityId)].slice(1);
    for (const { type, data } of story) line(type, JSON.stringify(data));
  }
}

function firstOf(runtime: Runtime, teamId: string): string {
  const asked = [...runtime.history(Team, teamId)].find(({ type }) => type === "JoinAsked");
  return (asked?.data as { readonly eventId: string } | undefined)?.eventId ?? "";
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}

function line(name: string, text: string): void {
  console.log(`  ${name.padEnd(11)}  ${text}`);
}

await (flags.directory === undefined ? inTemporaryDirectory(main) : main(flags.directory));
