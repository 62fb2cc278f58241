import fc from "fast-check";
import type { Runtime } from "tidemark";
import { given, ManualClock, MemoryDirectory, openMemoryRuntime } from "tidemark/testing";
import { describe, expect, it } from "vitest";
import { outcomeOf, startExample } from "../support/programs.js";
import { difference } from "../../examples/time-travel/difference.js";
import { profilesBy } from "../../examples/time-travel/expected.js";
import { Farewell, GRACE_MS } from "../../examples/time-travel/farewell-saga.js";
import { culprit, justBefore, undoDeletion } from "../../examples/time-travel/looking-back.js";
import { User, type UserCommand } from "../../examples/time-travel/user.js";
import { usersView } from "../../examples/time-travel/users-view.js";

const parts = { aggregates: [User], projections: [usersView], sagas: [Farewell] };
const register: UserCommand = { type: "Register", data: { name: "Ada", email: "ada@example.org" } };
const visit: UserCommand = { type: "Visit", data: { page: "/" } };
const deletion: UserCommand = { type: "Delete", data: { by: "support" } };

async function ask(runtime: Runtime, ...commands: UserCommand[]): Promise<void> {
  for (const command of commands) await runtime.ask(User, "ada", command);
}

describe("the time-travel example", () => {
  it("shows user, view and saga before a deletion, brings them back, and finds its snapshots after a kill", async () => {
    const { output, code } = await startExample("time-travel", ["--ci"]).ended;
    for (const expected of [
      /user-4 has 501 events: fetched from a snapshot and 1 later ones/,
      /in the view +5 users, administrators: user-0/,
      /just behind +4 users, administrators: none/,
      /2026-01-25 +not there, deleted, 400 visits/,
      /profile.roles.0 +undefined → 'admin'/,
      /since +RoleGranted at version 243, 2026-01-13/,
      /the saga went +undoable → kept/,
      /31 days later +active/,
      /never +250\n/,
      /every 10, before the reply +0\n/,
    ])
      expect(output).toMatch(expected);
    expect(outcomeOf(output)).toMatchObject({
      "events folded behind a snapshot": "1",
      "users in the view, just before the deletion": "5",
      "and just behind it": "4",
      "with one before each reply, killed": "0",
    });
    expect(code, output).toBe(0);
  });
});

describe("looking back at a user", () => {
  it("tells the same of user and view at every position, through a reopening", async () => {
    const directory = new MemoryDirectory();
    let runtime = await openMemoryRuntime({ ...parts, directory });
    const grant: UserCommand = { type: "GrantRole", data: { role: "admin" } };
    await ask(runtime, register, visit, grant, deletion);
    await runtime.sagas.idle();
    await undoDeletion(runtime, "ada");
    await ask(runtime, { type: "Rename", data: { name: "Ada L." } }, deletion);
    await runtime.sagas.idle();
    for (let position = 0; position <= runtime.head; position++) {
      if (position === 5) {
        await runtime.close();
        runtime = await openMemoryRuntime({ ...parts, directory });
      }
      const { state } = await runtime.state(User, "ada", { at: { position } });
      const view = await runtime.viewAt(usersView, { position });
      const shown = view.collections.users.get("ada");
      expect(state.profile ?? undefined).toEqual(shown);
      expect(shown).toEqual(profilesBy(runtime, (event) => event.position <= position).get("ada"));
    }
    await runtime.close();
  });

  it("finds the event since which something is so as going through all of them does", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.nat(39), async (visits, wanted) => {
        const runtime = await openMemoryRuntime(parts);
        await ask(runtime, register, ...Array.from({ length: visits }, () => visit));
        const isWrong = ({ visits: so }: { readonly visits: number }) =>
          so >= Math.min(visits, wanted + 1);
        const found = await culprit(runtime, "ada", isWrong);
        expect(found?.version).toBe(1 + Math.min(visits, wanted + 1));
        await runtime.close();
      }),
      { numRuns: 30 },
    );
  });

  it("undoes a deletion only if nothing has happened since one looked", async () => {
    const runtime = await openMemoryRuntime(parts);
    await ask(runtime, register, deletion);
    await undoDeletion(runtime, "ada");
    await expect(undoDeletion(runtime, "ada")).rejects.toMatchObject({ code: "version-conflict" });
    const { before, event } = await justBefore(runtime, "ada", "UserDeleted");
    expect([before.version, event.version]).toEqual([1, 2]);
    await runtime.close();
  });

  it("is told that there is nothing to undo once the time is over", async () => {
    const clock = new ManualClock();
    const runtime = await openMemoryRuntime({ ...parts, clock });
    await ask(runtime, register, deletion);
    await runtime.sagas.idle();
    clock.setWall(clock.nowMs() + GRACE_MS);
    await clock.advance(1_000);
    await runtime.sagas.idle();
    expect(runtime.sagas.instance(Farewell, "ada")).toMatchObject({
      status: "done",
      state: "gone",
    });
    const [step] = runtime.sagas.history(Farewell, "ada");
    const position = step?.position ?? 0;
    const earlier = runtime.sagas.instance(Farewell, "ada", { at: { position } });
    expect(earlier).toMatchObject({ status: "active", state: "undoable" });
    given(User, [
      { type: "UserRegistered", data: { name: "Ada", email: "ada@example.org" } },
      { type: "UserDeleted", data: { by: "support" } },
      { type: "UserPurged" },
    ])
      .when({
        type: "Restore",
        data: { profile: { name: "", email: "", roles: [] }, asOfVersion: 1 },
      })
      .thenRejected("purged");
    await runtime.close();
  });
});

describe("the difference of two states", () => {
  it("names what was changed, added and removed, by its path", () => {
    const before = { a: 1, b: { c: [1, 2], d: null }, gone: true };
    const after = { a: 1, b: { c: [1, 3, 4], d: { e: 0 } } };
    expect(difference(before, after)).toEqual([
      { path: "b.c.1", before: 2, after: 3 },
      { path: "b.c.2", before: undefined, after: 4 },
      { path: "b.d", before: null, after: { e: 0 } },
      { path: "gone", before: true, after: undefined },
    ]);
    expect(difference(before, structuredClone(before))).toEqual([]);
  });
});
