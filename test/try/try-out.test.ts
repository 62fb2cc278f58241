import { execFile } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { collection, openRuntime, projection, saga, start, tryOut, type Saga } from "tidemark";
import { ManualClock } from "tidemark/testing";
import { describe, expect, it } from "vitest";
import { setup } from "xstate";
import { Account, accountWith, deposit, withdraw } from "../support/account.js";
import { balancesOf } from "../support/balances.js";
import { CLI } from "../support/built.js";
import { temporaryDirectory } from "../support/directories.js";
import { Errand, List, Tally } from "../support/errands.js";
import { libraryRules, Shelf, Desk, DAY_MS } from "../support/library.js";
import { until } from "../support/until.js";

const BUILT = pathToFileURL(join(CLI, "../../index.js")).href;

const definitions = {
  aggregates: [Account, Tally, List, Shelf, Desk],
  projections: [balancesOf(1)],
  sagas: [Errand],
  ruleSets: [libraryRules()],
};

/** A service with some history; the clock is where it was left. */
async function service() {
  const directory = temporaryDirectory();
  const clock = new ManualClock();
  const runtime = await openRuntime({ ...definitions, directory, clock, freeBytesMin: 0 });
  await runtime.ask(Account, "poor", { type: "Open", data: { owner: "ada" } });
  for (const id of ["rich", "poor"]) await runtime.ask(Account, id, deposit(100));
  await runtime.ask(Account, "rich", withdraw(30));
  for (const id of ["e", "f"]) await runtime.ask(List, "l", { type: "Ask", data: { id } });
  for (let n = 0; n < 5; n++)
    await runtime.ask(Shelf, "m", {
      type: "Take",
      data: { book: `b${n}`, atMs: clock.nowMs() + n * DAY_MS },
    });
  const isWaiting = (id: string) => runtime.sagas.instance(Errand, id)?.state === "waiting";
  await until(() => isWaiting("e") && isWaiting("f"));
  await runtime.sagas.idle();
  await runtime.rules.idle();
  const [generation] = runtime.status().projections["balances"]?.generations ?? [];
  expect(generation).toBeDefined();
  const lag = () => runtime.status().projections["balances"]?.generations[0]?.lagEvents;
  await until(() => lag() === 0);
  return { directory, clock, runtime };
}

/** Everything in the directory but what LMDB keeps of its readers. */
function bytesOf(directory: string): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" });
  const kept = files.filter((path) => /(data\.mdb|\.json)$/.test(path));
  return Object.fromEntries(
    kept.map((path) => [path, readFileSync(join(directory, path)).toString("base64")]),
  );
}

const run = promisify(execFile);

describe("npx tidemark try", () => {
  it("says what would be other, and by its exit code that something is", async () => {
    const { directory, runtime } = await service();
    await runtime.close();
    const module = join(directory, "..", `candidate-${process.pid}.mjs`);
    const code = `import { aggregate } from ${JSON.stringify(BUILT)};
const Account = aggregate({ name: "account", initialState: () => ({}), decide: {}, evolve: { Opened: (s) => s, Deposited: (s) => s } });
export const aggregates = [Account];`;
    writeFileSync(module, code);
    const tried = run(process.execPath, [CLI, "try", directory, "--app", module]);
    await expect(tried).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/nobody reads Withdrawn[^]*something is other/) as string,
    });
    const none = run(process.execPath, [
      CLI,
      "try",
      directory,
      "--app",
      join(directory, "manifest.json"),
    ]);
    await expect(none).rejects.toMatchObject({ code: 2 });
    rmSync(module);
  });
});

describe("trying out", () => {
  it("what serves finds that nothing is other, beside the owner and after it", async () => {
    const { directory, clock, runtime } = await service();
    const options = { directory, clock, candidates: definitions, current: definitions };
    const beside = await tryOut(options);
    expect(beside).toMatchObject({ isSame: true, head: runtime.head });
    expect(beside.projections[0]?.diff).toMatchObject({ unchanged: 2, changed: 0 });
    expect(beside.sagas[0]).toMatchObject({ instances: 2, steps: 4, different: 0 });
    await runtime.close();
    expect(await tryOut(options)).toMatchObject({ isSame: true });
  });

  it("changes nothing in the directory, whatever is tried", async () => {
    const { directory, clock, runtime } = await service();
    await runtime.close();
    const before = bytesOf(directory);
    const candidates = {
      aggregates: [accountWith({ evolve: { ...evolveOf(), Deposited: (state) => state } })],
      projections: [balancesOf(2, { factor: 2 })],
      sagas: [otherErrand()],
      ruleSets: [libraryRules({ version: 2, booksMax: 1, calls: true })],
    };
    const report = await tryOut({ directory, clock, candidates, current: definitions });
    expect(report.isSame).toBe(false);
    expect(bytesOf(directory)).toEqual(before);
  });

  it("names types that nobody reads, streams that can't be folded, and states that differ", async () => {
    const { directory, clock, runtime } = await service();
    await runtime.close();
    const { Withdrawn: _gone, ...fewer } = evolveOf();
    const forgetful = accountWith({ evolve: fewer as ReturnType<typeof evolveOf> });
    const failing = accountWith({
      evolve: {
        ...evolveOf(),
        Opened: () => {
          throw new Error("no owners any more");
        },
      },
    });
    const generous = accountWith({
      evolve: { ...evolveOf(), Withdrawn: (state) => state },
    });
    const trial = async (candidate: typeof Account) => {
      const candidates = { aggregates: [candidate] };
      return (await tryOut({ directory, clock, candidates, current: definitions })).aggregates[0];
    };
    expect(await trial(forgetful)).toMatchObject({
      unreadableTypes: ["Withdrawn"],
      unreadable: 1,
      streams: 2,
    });
    const failed = await trial(failing);
    expect(failed).toMatchObject({ unreadable: 1, different: 0 });
    expect(failed?.unreadableSamples[0]).toMatchObject({ streamId: "account/poor" });
    expect(failed?.unreadableSamples[0]?.error).toMatch(/no owners any more/);
    expect(await trial(generous)).toMatchObject({
      different: 1,
      differentSamples: [
        { streamId: "account/rich", before: { cents: 70 }, after: { cents: 100 } },
      ],
    });
  });

  it("compares documents with those that serve, and says what handlers can't take", async () => {
    const { directory, clock, runtime } = await service();
    await runtime.close();
    const fails = balancesOf(2, {
      before: ({ entityId }) => {
        if (entityId === "poor") throw new Error("not this one");
      },
    });
    const fresh = projection({
      name: "fresh",
      version: 1,
      from: [Account],
      collections: { rows: collection<{ cents: number }>() },
      on: { Deposited: ({ entityId, data }, { rows }) => rows.put(entityId, data) },
    });
    const candidates = { projections: [balancesOf(2, { factor: 2 }), fails, fresh] };
    const { projections } = await tryOut({ directory, clock, candidates });
    expect(projections[0]).toMatchObject({
      servingVersion: 1,
      version: 2,
      diff: { changed: 2, added: 0, removed: 0 },
      parked: 0,
    });
    expect(projections[1]).toMatchObject({ parked: 1, diff: { removed: 1, changed: 1 } });
    expect(projections[2]).toMatchObject({ servingVersion: 0, parked: 0, error: undefined });
    const [small] = (
      await tryOut({ directory, clock, candidates: { projections: [fresh] }, bytesMax: 1 })
    ).projections;
    expect(small?.error).toMatch(/more than bytesMax/);
  });

  it("takes sagas through their histories, and names the first step that goes another way with its commands", async () => {
    const { directory, clock, runtime } = await service();
    await runtime.close();
    const { sagas } = await tryOut({ directory, clock, candidates: { sagas: [otherErrand()] } });
    expect(sagas[0]).toMatchObject({ instances: 2, different: 2 });
    const [sample] = sagas[0]?.samples ?? [];
    expect(sample?.before.commands).toMatchObject([{ aggregate: "tally" }]);
    expect(sample?.after).toMatchObject({ state: "resting", commands: [] });
    expect(sagas[0]?.deploy.willPark).toBe(2);
  });

  it("replays rules, and counts the firings that are gained and lost", async () => {
    const { directory, clock, runtime } = await service();
    await runtime.close();
    const lenient = libraryRules({ version: 2, booksMax: 9 });
    const { ruleSets } = await tryOut({ directory, clock, candidates: { ruleSets: [lenient] } });
    const tooMany = ruleSets[0]?.rules.find(({ rule }) => rule === "too-many");
    expect(tooMany).toMatchObject({ before: 1, after: 0, lost: 1 });
  });
});

const evolveOf = () => ({
  Opened: (state: { cents: number }, { owner }: { owner: string }) =>
    ({ ...state, status: "open", owner }) as const,
  Deposited: (
    state: { cents: number; owner: string; status: "absent" | "open" },
    { cents }: { cents: number },
  ) => ({
    ...state,
    cents: state.cents + cents,
  }),
  Withdrawn: (
    state: { cents: number; owner: string; status: "absent" | "open" },
    { cents }: { cents: number },
  ) => ({
    ...state,
    cents: state.cents - cents,
  }),
});

/** The saga with a machine that asks for nothing. */
function otherErrand(): Saga {
  return saga({
    name: "errand",
    version: 2,
    machine: setup({ types: { context: {} as { id: string } } }).createMachine({
      id: "errand",
      context: { id: "" },
      initial: "resting",
      states: { resting: {} },
    }),
    from: [List],
    correlate: { Asked: ({ data }) => start(data.id, data) },
  });
}
