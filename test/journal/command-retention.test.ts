import { rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openLmdbJournal, Verifier } from "../../journal/index.js";
import { commandIdOf } from "../../src/delivery/command-id.js";
import { isForgettable } from "../../src/kernel/command-ids.js";
import { limitsOf } from "../../src/kernel/limits.js";
import { lmdbHarness, lmdbOptions, memoryHarness } from "../support/journals.js";

const RUNS = Number(process.env["RETENTION_RUNS"] ?? 40);
const KEPT = limitsOf({ commandIdsKeptMs: 10_000 });
const OWN = commandIdOf("transfer", "t-1", 3, 0);

const one = (commandId?: string) => ({
  streams: [{ streamId: "s/a", events: [{ type: "T" }] }],
  commandId,
});

describe.each(["memory", "lmdb"])("command ids that are kept for a time (%s)", (kind) => {
  const harnessOf = () => (kind === "lmdb" ? lmdbHarness(KEPT) : memoryHarness(KEPT));

  it("are known until their commit is older than that before the newest, whatever the clock says", async () => {
    const harness = harnessOf();
    let journal = await harness.open();
    await journal.append(one("c"));
    await journal.append(one(OWN));
    await harness.clock.advance(60_000);
    // Nothing newer was recorded: the log is as it was.
    expect(await journal.append(one("c"))).toMatchObject({ duplicate: true, position: 1 });
    await journal.append(one());
    for (const reopened of [false, true]) {
      if (reopened) journal = await harness.open();
      expect(journal.findCommand("c")).toBeUndefined();
      expect(journal.findCommand(OWN)).toMatchObject({ position: 2 });
    }
    expect(await journal.append(one("c"))).toMatchObject({ duplicate: false, position: 4 });
    expect(await journal.append(one("c"))).toMatchObject({ duplicate: true, position: 4 });
    expect(await journal.append(one(OWN))).toMatchObject({ duplicate: true, position: 2 });
    journal = await harness.open();
    expect(journal.findCommand("c")).toMatchObject({ position: 4 });
  });

  it("once forgotten may be used for another stream", async () => {
    const harness = harnessOf();
    const journal = await harness.open();
    await journal.append(one("c"));
    const other = { streams: [{ streamId: "s/b", events: [{ type: "T" }] }], commandId: "c" };
    await expect(journal.append(other)).rejects.toMatchObject({ code: "command-id-reused" });
    await harness.clock.advance(60_000);
    await journal.append(one());
    expect(await journal.append(other)).toMatchObject({ duplicate: false });
  });
});

describe("dropped command ids", () => {
  it("leave the index, which is sound all the same, and nobody can tell from what is answered", async () => {
    const harness = lmdbHarness(KEPT);
    const { directory, clock } = harness;
    const journal = await harness.open();
    const ids = Array.from({ length: 1_500 }, (_, n) => `c-${n}`);
    await Promise.all(ids.map((id) => journal.append(one(id))));
    await journal.append(one(OWN));
    await clock.advance(60_000);
    await journal.append(one("late"));
    expect(await journal.append(one("c-7"))).toMatchObject({ position: 1_503, duplicate: false });
    // While it is written out an id may count twice.
    expect(journal.figures().commandIds).toBeGreaterThanOrEqual(1_502);
    const answers = [...ids, OWN, "late"].map((id) => journal.findCommand(id)?.position);
    await (await harness.open()).close();
    const pruned = await openLmdbJournal(lmdbOptions(directory, clock, KEPT));
    expect(pruned.figures().commandIds).toBe(3);
    expect([...ids, OWN, "late"].map((id) => pruned.findCommand(id)?.position)).toEqual(answers);
    await pruned.close();
    const report = await new Verifier(directory, () => undefined).run(true);
    expect(report).toMatchObject({ problems: [], indexedTo: 1_503 });
    rmSync(join(directory, "state"), { recursive: true });
    const rebuilt = await openLmdbJournal(lmdbOptions(directory, clock, KEPT));
    expect([...ids, OWN, "late"].map((id) => rebuilt.findCommand(id)?.position)).toEqual(answers);
    await rebuilt.close();
    // Whoever keeps them for ever again has those of the log again once the index is made anew.
    rmSync(join(directory, "state"), { recursive: true });
    const forEver = await openLmdbJournal(lmdbOptions(directory, clock));
    expect(forEver.findCommand("c-3")).toMatchObject({ position: 4 });
    expect(forEver.figures().commandIds).toBe(1_502);
    await forEver.close();
  });

  it("answer the same in memory and on disk, whatever is done in which order, with the index or without", async () => {
    const operation = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.constantFrom("a", "b", "c", "x#1.0", undefined).map((id) => ({ id })),
      },
      { weight: 3, arbitrary: fc.integer({ min: 1, max: 15_000 }).map((ms) => ({ ms })) },
      {
        weight: 2,
        arbitrary: fc.constantFrom({ reopen: "as it is" }, { reopen: "without index" }),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 30 }), async (operations) => {
        const [memory, lmdb] = [memoryHarness(KEPT), lmdbHarness(KEPT)];
        let journals = [await memory.open(), await lmdb.open()];
        for (const each of operations) {
          if ("ms" in each) {
            await memory.clock.advance(each.ms);
            await lmdb.clock.advance(each.ms);
          } else if ("reopen" in each) {
            await journals[1]!.close();
            if (each.reopen === "without index")
              rmSync(join(lmdb.directory, "state"), { recursive: true });
            journals = [await memory.open(), await lmdb.open()];
          } else {
            const [a, b] = await Promise.all(
              journals.map((journal) => journal.append(one(each.id))),
            );
            expect([b!.position, b!.duplicate]).toEqual([a!.position, a!.duplicate]);
          }
          const known = journals.map((journal) =>
            ["a", "b", "c", "x#1.0"].map((id) => journal.findCommand(id)?.position),
          );
          expect(known[1]).toEqual(known[0]);
        }
        await journals[1]!.close();
        const { problems } = await new Verifier(lmdb.directory, () => undefined).run(true);
        expect(problems).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });
});

describe("ids that the runtime makes", () => {
  it("are never forgotten, however long the names they are made of", () => {
    const long = "n".repeat(250);
    const own = [
      commandIdOf("saga", "1", 12, 3),
      commandIdOf("saga", long, 1, 0),
      "0b0e…:17#2",
      `saga-refused-${"0af1".repeat(16)}`,
      `from:imports/x:${"0af1".repeat(16)}`,
    ];
    expect(own.map(isForgettable)).toEqual(own.map(() => false));
    expect(["order-7", "a#b", "9f3c2b1e-6a3f-4c8e-8a47-3b1f0c1d2e3f"].map(isForgettable)).toEqual([
      true,
      true,
      true,
    ]);
  });
});
