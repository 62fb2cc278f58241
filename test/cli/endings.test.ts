import { rmSync } from "node:fs";
import { join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkExport, openRuntime, type Runtime } from "tidemark";
import { openMemoryRuntime } from "tidemark/testing";
import { Article, definitions } from "../../examples/guides/command-line.js";
import { ANN, privacy, users, userView } from "../privacy/people.js";
import { built } from "../support/built.js";
import { runCli } from "../support/cli-shell.js";
import { temporaryDirectory } from "../support/directories.js";

let runtime: Runtime;
beforeEach(async () => {
  runtime = await openMemoryRuntime(definitions);
  await runtime.ask(Article, "cup", { type: "Receive", data: { count: 1 } });
});
afterEach(() => runtime.close());

const cli = (...words: string[]) =>
  runCli(words, { connect: () => Promise.resolve({ client: runtime.admin() }) });

describe("what can't be undone", () => {
  it("ends an entity only after somebody agreed; it then takes no more commands", async () => {
    expect((await cli("tombstone", "article/cup")).code).toBe(2);
    const more = { type: "Receive", data: { count: 1 } } as const;
    expect((await runtime.ask(Article, "cup", more)).status).toBe("accepted");
    const { code, stdout } = await cli("tombstone", "article/cup", "--yes");
    expect([code, stdout]).toEqual([0, "article/cup has ended\n"]);
    expect(await runtime.ask(Article, "cup", more)).toMatchObject({ code: "tombstoned" });
    expect((await cli("tombstone", "article/nosuch", "--yes")).code).toBe(2);
  });

  it("archives an entity after somebody agreed, to a path from where the operator is", async () => {
    await runtime.ask(Article, "cup", { type: "Receive", data: { count: 2 } });
    const file = join(temporaryDirectory(), "cup.ndjson");
    const words = ["compact", "article/cup", "--archive", relative(process.cwd(), file)];
    const { head } = runtime;
    expect((await cli(...words)).code).toBe(2);
    expect(runtime.head).toBe(head);
    const { code, stdout } = await cli(...words, "--yes");
    expect([code, stdout]).toEqual([
      0,
      `article/cup begins with version 3; versions 1 to 2 are in ${file}\n`,
    ]);
    expect((await checkExport(file)).events).toBe(2);
    expect((await cli("compact", "article/cup", "--yes")).stderr).toContain("--archive");
  });

  it("says of a service without personal data that there is nothing to forget, and no keys", async () => {
    for (const words of [
      ["forget", "user-7", "--yes"],
      ["keys", "rotate", "--yes"],
    ]) {
      const { code, stdout, stderr } = await cli(...words);
      expect([code, stdout]).toEqual([2, ""]);
      expect(stderr).toContain("privacy");
    }
  });

  it("copies keys beside the service that uses them, and puts them back where there are none", async () => {
    await runtime.close();
    const [directory, copy] = [temporaryDirectory(), join(temporaryDirectory(), "copy")];
    const options = { directory, aggregates: [users], projections: [userView], privacy };
    runtime = await built.openRuntime(options);
    await runtime.ask(users, "u1", { type: "Register", data: ANN });
    const backup = await cli("keys", "backup", copy, "--dir", directory);
    expect([backup.code, backup.stdout]).toEqual([0, `copied the keys of 1 subject to ${copy}\n`]);
    const restore = ["keys", "restore", copy, "--dir", directory];
    expect((await cli(...restore)).stderr).toContain("owned");
    await runtime.close();
    expect((await cli(...restore)).stderr).toContain("one without keys");
    rmSync(join(directory, "keys"), { recursive: true });
    const { code, stdout } = await cli(...restore, "--json");
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { subjects: 1 }]);
    runtime = await built.openRuntime(options);
    expect((await runtime.state(users, "u1")).state.name).toBe(ANN.name);
    const remote = await cli("keys", "backup", copy, "--nats", "nats://127.0.0.1:1");
    expect([remote.code, remote.stderr]).toEqual([2, expect.stringContaining("--nats")]);
  });

  it("tells what of a subject would become unreadable, asks, and makes it so", async () => {
    await runtime.close();
    runtime = await openRuntime({
      directory: temporaryDirectory(),
      aggregates: [users],
      projections: [userView],
      privacy,
    });
    await runtime.ask(users, "u1", { type: "Register", data: ANN });
    await runtime.operations.refresh(userView);
    const dry = await cli("forget", "u1", "--dry-run");
    expect([dry.code, dry.stdout]).toEqual([
      0,
      expect.stringContaining("personal in 1 event of user, 1 document of users."),
    ]);
    expect(dry.stdout).toContain("1 key of the claim email will be free for others.");
    expect((await cli("forget", "u1")).code).toBe(2);
    expect((await runtime.state(users, "u1")).state.name).toBe(ANN.name);
    const { code, stdout } = await cli("forget", "u1", "--yes", "--reason", "asked for");
    expect([code, stdout]).toEqual([0, "u1 is forgotten: 1 key destroyed\n"]);
    expect((await runtime.state(users, "u1")).state.name).toBe("[erased]");
    expect((await cli("forget", "u1", "--dry-run")).stdout).toContain("There are no keys of u1");
    const audited = (await cli("audit")).stdout
      .split("\n")
      .filter((line) => line.includes("forget "));
    // Newest first; whoever forgets is first told what would go.
    expect(audited.map((line) => /done(: dry run)?/.exec(line)?.[0])).toEqual([
      ...["done: dry run", "done", "done: dry run", "done: dry run", "done: dry run"],
    ]);
    expect((await cli("keys", "rotate", "--yes")).stdout).toContain("the master key test");
  });
});
