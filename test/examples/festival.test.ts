import fc from "fast-check";
import type { Runtime } from "tidemark";
import { describe, expect, it } from "vitest";
import { given, ManualClock, MemoryDirectory, openMemoryRuntime } from "tidemark/testing";
import { Cascade } from "../../examples/festival/cascade-saga.js";
import { checkConsistent } from "../../examples/festival/expected.js";
import { FestivalEvent } from "../../examples/festival/festival-event.js";
import { parts } from "../../examples/festival/service.js";
import { festivalView } from "../../examples/festival/festival-view.js";
import { Team } from "../../examples/festival/team.js";
import { FULL, outcomeOf, startExample } from "../support/programs.js";

const RUNS = Number(process.env["FESTIVAL_RUNS"] ?? 150);

const event = fc.integer({ min: 0, max: 2 }).map((n) => `event-${n}`);
const team = fc.integer({ min: 0, max: 4 }).map((n) => `team-${n}`);
const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("Found" as const), team, event }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("Move" as const), team, event }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("Dissolve" as const), team }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("Delete" as const), event }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), turns: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.constant({ do: "reopen" as const }) },
);

describe("the festival example", () => {
  it("is consistent both ways after moves amid deletions and a kill in the middle of the cascades", async () => {
    const { output, code } = await startExample("festival", [FULL ? "--full" : "--ci"]).ended;
    expect(code, output).toBe(0);
    expect(output).toContain(
      FULL ? "10,000 events, 500,000 teams, each" : "40 events, 800 teams, each",
    );
    expect(output).toMatch(
      /Killed when [\d,]+ events were deleted, and [1-9][\d,]* of their teams/,
    );
    expect(outcomeOf(output)).toMatchObject({
      "events deleted": FULL ? "5000" : "20",
      "cascades that came to their end": FULL ? "5000" : "20",
      "teams left of a deleted event": "0",
    });
    expect(output).toMatch(/stayed, since the event it asked for was deleted:/);
  });

  it("asks a team again that couldn't be read when its event was deleted", async () => {
    const directory = new MemoryDirectory();
    const before = await openMemoryRuntime({ ...parts, directory });
    await before.ask(FestivalEvent, "quiz", { type: "Announce", data: { name: "Quiz" } });
    for (const team of ["otters", "pines"])
      await before.ask(Team, team, { type: "Found", data: { name: team, eventId: "quiz" } });
    await before.sagas.idle();
    await before.close();

    const clock = new ManualClock();
    // As often as a command is tried before it is given up.
    const faults = Array.from({ length: 20 }, (_, n) => {
      return { operation: "readStream", streamId: "team/otters", nth: n + 1 } as const;
    });
    const runtime = await openMemoryRuntime({ ...parts, directory, clock, faults });
    await runtime.ask(FestivalEvent, "quiz", { type: "Delete" });
    const isResting = () => runtime.sagas.instance(Cascade, "quiz")?.state === "resting";
    while (!isResting()) await clock.advance(1_000);
    expect(runtime.sagas.instance(Cascade, "quiz")).toMatchObject({
      state: "resting",
      context: { teamIds: ["otters"] },
    });
    await clock.advance(60_000);
    await runtime.sagas.idle();
    expect(runtime.sagas.instance(Cascade, "quiz")).toMatchObject({ status: "done" });
    expect((await checkConsistent(runtime)).teams.size).toBe(0);
    await runtime.close();
  });

  it("keeps a team that has come again when its earlier leaving arrives late", () => {
    given(FestivalEvent, [
      { type: "EventAnnounced", data: { name: "Quiz" } },
      { type: "TeamAdmitted", data: { teamId: "otters", join: 3 } },
    ])
      .when({ type: "Release", data: { teamId: "otters", join: 1 } })
      .thenEvents()
      .thenState({ status: "announced", teams: { otters: 3 } });
  });

  it("ends consistent whatever is founded, moved, dissolved and deleted at the same time, and whenever it is reopened", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 30 }), async (actions) => {
        const directory = new MemoryDirectory();
        const open = () => openMemoryRuntime({ ...parts, directory });
        let runtime = await open();
        for (let n = 0; n < 3; n++)
          await runtime.ask(FestivalEvent, `event-${n}`, { type: "Announce", data: { name: "x" } });
        for (const each of actions) {
          expect(await strayTeams(runtime)).toEqual([]);
          if (each.do === "wait") for (let turn = 0; turn < each.turns; turn++) await aTurn();
          else if (each.do === "reopen") {
            await runtime.close();
            runtime = await open();
          } else if (each.do === "Delete")
            runtime.tell(FestivalEvent, each.event, { type: "Delete" });
          else if (each.do === "Dissolve") runtime.tell(Team, each.team, { type: "Dissolve" });
          else if (each.do === "Move")
            runtime.tell(Team, each.team, { type: "Move", data: { eventId: each.event } });
          else {
            const data = { name: "x", eventId: each.event };
            runtime.tell(Team, each.team, { type: "Found", data });
          }
        }
        await runtime.sagas.idle();
        await checkConsistent(runtime);
        for (const saga of parts.sagas) {
          expect(runtime.sagas.refused(saga)).toEqual([]);
          expect(runtime.sagas.counts(saga).filter(({ status }) => status === "parked")).toEqual(
            [],
          );
        }
        await runtime.close();
      }),
      { numRuns: RUNS },
    );
  });
});

/** Teams that the view shows at an event that it doesn't show, at whatever position it is. */
function strayTeams(runtime: Runtime): Promise<readonly (string | null)[]> {
  return runtime.query(festivalView, ({ events, teams }) =>
    teams
      .list()
      .entries.map(({ document }) => document.eventId)
      .filter((eventId) => eventId !== null && events.get(eventId) === undefined),
  );
}

function aTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
