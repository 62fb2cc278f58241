import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { collection, projection, type AdminClient, type Runtime, type ShownEvent } from "tidemark";
import { MemoryDirectory, openMemoryRuntime } from "tidemark/testing";
import { Article, definitions, shelf } from "../../examples/guides/command-line.js";
import { runCli, type ShellOptions } from "../support/cli-shell.js";
import { fillShop } from "../support/shop.js";
import { until } from "../support/until.js";

let runtime: Runtime;
beforeEach(async () => {
  runtime = await openMemoryRuntime(definitions);
  await fillShop(runtime);
});
afterEach(() => runtime.close());

function cli(line: string, options: ShellOptions = {}) {
  const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(
    ([, quoted, plain]) => quoted ?? plain ?? "",
  );
  return runCli(words, { connect: () => Promise.resolve({ client: runtime.admin() }), ...options });
}

async function json(line: string): Promise<never> {
  const { stdout, stderr } = await cli(`${line} --json`);
  expect(stderr).toBe("");
  return JSON.parse(stdout) as never;
}

async function settled(): Promise<void> {
  await until(() => runtime.status().projections["shelf"]?.generations[0]?.lagEvents === 0);
}

describe("events", () => {
  it("lists what fits, oldest or newest first, up to a limit", async () => {
    const all: readonly ShownEvent[] = await json("events --stream article/kettle");
    expect(all.map(({ type }) => type)).toEqual([
      "Listed",
      "Received",
      "Sold",
      "Sold",
      "Sold",
      "RanLow",
    ]);
    const last: readonly ShownEvent[] = await json(
      "events --type Sold,Received --reverse --limit 2",
    );
    expect(last.map(({ type, data }) => [type, data])).toEqual([
      ["Sold", { count: 5 }],
      ["Sold", { count: 1, note: "gift" }],
    ]);
    const { code, stdout, stderr } = await cli("events --type Nosuch --stream article/kettle");
    expect([code, stdout, stderr]).toEqual([0, "", "no event fits\n"]);
  });

  it("gives with a limit above a page all of them, each once, in order", async () => {
    const received = Array.from({ length: 2_101 }, (_, n) =>
      runtime.ask(Article, `cup-${n}`, { type: "Receive", data: { count: 1 } }),
    );
    await Promise.all(received);
    const { stdout } = await cli("events --stream-type article --limit 5000 --ndjson");
    const positions = stdout
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as ShownEvent).position);
    expect(positions.length).toBeGreaterThan(2_100);
    expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
    const back: readonly ShownEvent[] = await json(
      "events --stream-type article --limit 5000 --reverse",
    );
    expect(back.map(({ position }) => position)).toEqual(positions.toReversed());
  });

  it("follows from now on until it is interrupted, and ends with 0", async () => {
    const interruption = new AbortController();
    const following = cli("events --follow --ndjson --stream-type article", {
      interrupted: interruption.signal,
      onOutput: (output) => {
        if (output.split("\n").length > 2) interruption.abort();
      },
    });
    // It may not have asked for the head yet: goes on until it has seen two.
    let isOver = false;
    void following.finally(() => (isOver = true));
    for (let n = 0; !isOver; n++)
      await runtime.ask(Article, "cup", { type: "Receive", data: { count: n + 1 } });
    const { code, stdout, stderr } = await following;
    expect([code, stderr]).toEqual([0, ""]);
    const counts = stdout
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { data: { count: number } }).data.count);
    expect(counts.length).toBeGreaterThanOrEqual(2);
    expect(counts[1]).toBe((counts[0] ?? 0) + 1);
  });

  it("refuses to follow backward, before it prints anything", async () => {
    const { code, stdout, stderr } = await cli("events --follow --reverse");
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("leave out --reverse");
  });

  it("escapes control characters of somebody's data, in tables and in JSON", async () => {
    await runtime.ask(Article, "evil", { type: "Receive", data: { count: 1 } });
    const note = "\u001b[2J\u009b31mred\u202e";
    await runtime.ask(Article, "evil", { type: "Sell", data: { count: 1, note } });
    await settled();
    for (const line of [
      "events --stream article/evil",
      "events --ndjson",
      "projections parked shelf --key evil",
    ]) {
      const { stdout } = await cli(line, { columns: 200, env: { NO_COLOR: "1" } });
      expect(stdout).toContain("\\u001b[2J\\u009b31mred\\u202e");
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    }
  });
});

describe("streams and states", () => {
  it("lists streams by what their ids begin with", async () => {
    expect(await json("streams article/")).toMatchObject({
      streams: [
        { stream: "article/kettle", version: 6 },
        { stream: "article/teapot", version: 1 },
      ],
    });
    expect((await cli("streams article/ --limit 1")).stdout).toContain("--after article/kettle");
  });

  it("tells the state now, at a version, and before its first event", async () => {
    expect(await json("state article/kettle")).toMatchObject({ version: 6, state: { count: 2 } });
    expect(await json("state article/kettle --at version:3")).toMatchObject({
      version: 3,
      state: { sku: "K-100", count: 8 },
    });
    expect(await json("diff article/kettle 2 3")).toMatchObject({
      changes: [{ path: "count", before: 10, after: 8 }],
    });
    const { stdout } = await cli("timeline article/kettle --from 3 --limit 1");
    expect(stdout).toMatch(/^3 {2}Sold {2}\S+Z {2}at \d+\n {2}count: 10 → 8\n$/);
  });

  it("says of an unknown stream that there is none, with 2", async () => {
    const { code, stderr } = await cli("state article/nosuch");
    expect(code).toBe(2);
    expect(stderr).toContain("article/nosuch");
  });
});

describe("projections", () => {
  it("end with 1 while something is parked, and name it", async () => {
    await settled();
    const { code, stdout } = await cli("projections");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^shelf +async +live/m);
    const parked = await cli("projections parked shelf");
    expect(parked.code).toBe(1);
    expect(parked.stdout).toContain("a sale with a note: gift");
    expect(await json("projections documents shelf teapot")).toMatchObject({
      documents: [{ id: "teapot", document: { count: 4 } }],
    });
  });

  it("are changed only after somebody agreed, and with a reason that is in the audit log", async () => {
    await settled();
    const refused = await cli("projections pause shelf");
    expect([refused.code, refused.stdout]).toEqual([2, ""]);
    expect(refused.stderr).toContain("this needs --yes");
    const declined = await cli("projections pause shelf", { columns: 80, answer: "n" });
    expect([declined.code, declined.stdout]).toEqual([2, ""]);
    expect(runtime.status().projections["shelf"]?.paused).toBe(false);

    const paused = await cli("projections pause shelf --reason 'to look at it'", {
      columns: 80,
      answer: "y",
    });
    expect([paused.code, paused.stdout]).toEqual([0, "shelf is paused\n"]);
    expect(runtime.status().projections["shelf"]?.paused).toBe(true);
    expect((await cli("projections resume shelf --yes")).code).toBe(0);
    const entries = await json("audit --limit 10");
    expect(entries).toMatchObject({
      entries: expect.arrayContaining([
        expect.objectContaining({
          what: "projection.pause",
          subject: "shelf",
          reason: "to look at it",
        }),
      ]) as unknown,
    });
  });

  it("are rebuilt, compared and approved", async () => {
    await runtime.close();
    runtime = await openMemoryRuntime(definitions);
    await runtime.ask(Article, "cup", { type: "Receive", data: { count: 1 } });
    const rebuilt = () => runtime.status().projections["shelf"]?.rebuild?.phase;
    expect((await cli("projections rebuild shelf --approve --yes")).code).toBe(0);
    await until(() => rebuilt() === "awaiting-approval");
    expect((await cli("projections")).code).toBe(1);
    expect((await cli("projections diff shelf")).stdout).toContain("0 added, 0 removed, 0 changed");
    expect((await cli("projections flip shelf --yes")).code).toBe(0);
    await until(() => rebuilt() === "done");
    expect((await cli("projections show shelf")).stdout).toContain("GenerationServes");
    expect((await cli("projections drop shelf --yes")).code).toBe(0);
    expect((await cli("projections rollback shelf --yes")).code).toBe(2);
  });

  it("are rebuilt with what is parked in them, and say how much before and after", async () => {
    await settled();
    const rebuilt = () => runtime.status().projections["shelf"]?.rebuild?.phase;
    expect((await cli("projections rebuild shelf --approve --yes")).code).toBe(0);
    await until(() => rebuilt() === "awaiting-approval");
    expect((await cli("projections diff shelf")).stdout).toMatch(/2 .*parked|parked.* 2/);
    expect((await cli("projections cancel shelf --yes")).code).toBe(0);
  });

  it("that can't be rebuilt say so, with 1", async () => {
    await runtime.close();
    const directory = new MemoryDirectory();
    // Took every sale, as it no longer does.
    const before = projection({
      name: "shelf",
      version: 1,
      from: [Article],
      collections: { articles: collection<{ count: number }>() },
      on: { Sold: ({ entityId }, { articles }) => articles.put(entityId, { count: 0 }) },
    });
    runtime = await openMemoryRuntime({ ...definitions, projections: [before], directory });
    await fillShop(runtime);
    await settled();
    await runtime.close();
    runtime = await openMemoryRuntime({ ...definitions, directory });
    await cli("projections rebuild shelf --yes");
    await until(() => runtime.status().projections["shelf"]?.rebuild?.phase === "failed");
    const { code, stdout } = await cli("projections show shelf");
    expect([code, stdout]).toEqual([1, expect.stringContaining("a sale with a note: gift")]);
    expect((await cli("projections cancel shelf --yes")).code).toBe(0);
  });

  it("give up what is parked, and are well again", async () => {
    await settled();
    const { stdout } = await cli("projections discard shelf kettle --yes");
    expect(stdout).toMatch(/^\d parked events? of kettle given up\n$/);
    expect((await cli("projections")).code).toBe(0);
    expect((await cli("projections parked shelf")).stdout).toBe("nothing\n");
  });
});

describe("sagas and rules", () => {
  it("show instances, where they are, and take events by hand", async () => {
    expect((await cli("sagas")).stdout).toMatch(/^reorder +1 +\S+ +0 +active +waiting +1/m);
    expect((await cli("sagas instances reorder --state waiting")).stdout).toContain("kettle");
    expect((await cli("sagas instances reorder --stuck 1d")).stdout).not.toContain("kettle");
    expect((await cli("timers")).stdout).toContain("kettle");
    const diagram = (await cli("sagas diagram reorder --mermaid")).stdout;
    expect(diagram).toContain("waiting --> delivered: Delivered");
    const sent = await cli("sagas send reorder kettle Delivered --yes");
    expect([sent.code, sent.stdout]).toEqual([0, "reorder kettle has the event Delivered\n"]);
    const detail = await json("sagas show reorder kettle");
    expect(detail).toMatchObject({ status: "done", state: "delivered" });
    const twice = await cli("sagas send reorder nosuch Delivered --yes");
    expect(twice.code).toBe(2);
  });

  it("park an instance, end with 1 as long, and let it go on", async () => {
    expect((await cli("sagas park reorder kettle --yes")).code).toBe(0);
    await until(() => runtime.sagas.counts(definitions.sagas[0]!)[0]?.status === "parked");
    expect((await cli("sagas")).code).toBe(1);
    expect((await cli("sagas retry reorder kettle --yes")).code).toBe(0);
    await until(() => runtime.sagas.counts(definitions.sagas[0]!)[0]?.status === "active");
    expect((await cli("sagas")).code).toBe(0);
    expect((await cli("sagas check reorder")).stdout).toContain("all go on");
  });

  it("list alerts, and say why one was raised", async () => {
    const { alerts } = (await json("rules alerts shop-rules")) as {
      readonly alerts: readonly { readonly position: number }[];
    };
    expect(alerts.length).toBe(1);
    const why = (await cli(`rules explain shop-rules ${alerts[0]?.position}`)).stdout;
    expect(why).toContain("rush of shop-rules (version 1) fired for kettle");
    expect(why).toContain('it raised Rush {"pieces":8}');
    expect((await cli("rules")).code).toBe(0);
    expect((await cli("rules session shop-rules kettle")).stdout).toContain("K-100");
    expect((await cli("rules park shop-rules kettle --yes")).code).toBe(0);
    expect((await cli("rules release shop-rules kettle --yes")).code).toBe(0);
  });
});

describe("the rest", () => {
  it("lists claims, dead letters and nothing of other services", async () => {
    expect((await cli("claims sku")).stdout).toMatch(/^sku +K-100 +article\/kettle/m);
    const dead = await cli("dead-letters");
    expect(dead.code).toBe(1);
    expect(dead.stdout).toContain("out-of-stock");
    expect((await cli("nats")).code).toBe(0);
    expect((await cli("outbox")).code).toBe(0);
  });

  it("looks once without a terminal, with 1 where somebody is needed, and as lines of JSON", async () => {
    await settled();
    const { code, stdout } = await cli("top");
    expect(code).toBe(1);
    expect(stdout).toContain("degraded at");
    expect(stdout).toContain("shelf");
    const line = await cli("top --json --once");
    expect(JSON.parse(line.stdout)).toMatchObject({ health: "degraded" });
    expect(line.stdout.trim().split("\n").length).toBe(1);
  });

  it("draws over itself on a terminal, no longer than it, until it is interrupted", async () => {
    const interruption = new AbortController();
    const { code, stdout } = await cli("top", {
      columns: 80,
      interrupted: interruption.signal,
      onOutput: (output) => {
        if ((output.match(/ up for /g)?.length ?? 0) >= 2) interruption.abort();
      },
    });
    expect(code).toBe(1);
    expect(stdout.split(/(?=\u001b\[1;1H)/).length).toBe(2);
  });

  it("does nothing over a target that may not be changed, and says what to do", async () => {
    const client: AdminClient = runtime.admin();
    const connect = () => Promise.resolve({ client, readOnly: "Start the service." });
    const { code, stderr } = await cli("projections pause shelf --yes", { connect });
    expect([code, runtime.status().projections["shelf"]?.paused]).toEqual([2, false]);
    expect(stderr).toBe(
      "shelf will stop where it is: its view stays as it is, until it is resumed.\nStart the service.\n",
    );
  });

  it("completes names of what is there", async () => {
    const complete = async (...words: string[]) => {
      const { stdout } = await runCli(["complete-words", "--", ...words], {
        connect: () => Promise.resolve({ client: runtime.admin() }),
      });
      return stdout.split("\n").flatMap((line) => (line === "" ? [] : [line.split("\t")[0]]));
    };
    expect(await complete("projections", "pause", "")).toEqual([shelf.name]);
    expect(await complete("sagas", "show", "re")).toEqual(["reorder"]);
    expect(await complete("rules", "alerts", "")).toEqual(["shop-rules"]);
    expect(await complete("state", "article/k")).toEqual(["article/kettle"]);
    expect(await complete("events", "--stream", "article/t")).toEqual(["article/teapot"]);
    expect(await complete("sagas", "show", "reorder", "")).toEqual([]);
  });
});
