/**
 * Foos for other processes: readings come in without an id, and two calls, over gRPC and over NATS, answer what has
 * become of them.
 *
 * `node dist/examples/foos/main.js` · `--directory DIR` (kept, and gone on with) · `--readings N` · `--ci`
 */
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openRuntime, type Runtime } from "tidemark";
import { nats } from "tidemark/nats";
import { startNatsServer } from "../support/nats-server.js";
import type { Answers, Asked } from "./asking-process.js";
import { GetFoo, GetFoos } from "./endpoints.js";
import { lineOf, takeIn, type Feed } from "./feed.js";
import { Foo, fooIdOf, type NumberedReading } from "./foo.js";
import { foosView } from "./foos-view.js";
import { startService } from "./grpc-service.js";
import type { FooMessage } from "./protocol.js";

const { values } = parseArgs({
  options: {
    directory: { type: "string" },
    readings: { type: "string" },
    ci: { type: "boolean", default: false },
  },
});
const options = { aggregates: [Foo], projections: [foosView] };

async function main(): Promise<void> {
  const directory = values.directory ?? mkdtempSync(join(tmpdir(), "tidemark-foos-"));
  const readings = Number(values.readings ?? (values.ci ? 4_000 : 40_000));
  try {
    await run(directory, { readings, bars: 25, bazes: 10 });
  } finally {
    if (values.directory === undefined) rmSync(directory, { recursive: true, force: true });
  }
}

async function run(directory: string, feed: Feed): Promise<void> {
  const server = await startNatsServer();
  try {
    await serve(directory, feed, server.url);
  } finally {
    await server.stop();
  }
}

async function serve(directory: string, feed: Feed, servers: string): Promise<void> {
  // #region endpoint
  const endpoints = [GetFoo, GetFoos];
  // Readings come by the feed only, and nobody follows them.
  const expose = { commands: [], events: [] };
  const messaging = nats({ servers, prefix: "foos" });
  const runtime = await openRuntime({ directory, ...options, endpoints, expose, messaging });
  // #endregion
  const service = await startService(runtime);
  try {
    const reflected = runtime.view(foosView, "foos").position();
    console.log(`The journal holds ${runtime.head} readings, the view reflects ${reflected}.`);
    const resumedAfter = await takeIn(runtime, feed, (line) => console.log(`line ${line}`));
    if (resumedAfter > 0) console.log(`Went on after line ${resumedAfter}.`);
    checkJournal(runtime, feed);

    const asked = await askFromAnotherProcess(service.port, servers);
    checkAsked(asked, foldOf(runtime));
    await checkReadingBeside(directory, asked.overGrpc);
    report(asked, runtime);
  } finally {
    await service.close();
    await runtime.close();
  }
}

/** Each line of the feed is recorded once, for its foo. */
function checkJournal(runtime: Runtime, feed: Feed): void {
  const recorded = new Set<number>();
  for (const { entityId, data } of runtime.events()) {
    const reading = data as NumberedReading;
    assert.deepEqual(reading, lineOf(feed, reading.line));
    assert.equal(entityId, fooIdOf(reading));
    assert(!recorded.has(reading.line), `line ${reading.line} is recorded twice`);
    recorded.add(reading.line);
  }
  assert.equal(recorded.size, feed.readings);
}

function askFromAnotherProcess(port: number, servers: string): Promise<Asked> {
  const path = new URL("./asking-process.js", import.meta.url);
  const child = fork(path, [String(port), servers], { serialization: "advanced" });
  return new Promise((resolve, reject) => {
    child.on("message", (asked) => resolve(asked as Asked));
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`the asking process ended with ${code}`)));
  });
}

/** What the answers have to be, by a plain fold of the log that knows nothing of the view. */
function foldOf(runtime: Runtime): FooMessage[] {
  const foos = new Map<string, FooMessage>();
  for (const { entityId: id, version, data } of runtime.events()) {
    const { barId, bazId, isActive, value, takenAt } = data as NumberedReading;
    const before = foos.get(id);
    foos.set(id, {
      id,
      barId,
      bazId,
      isActive,
      value,
      lastUpdateAt: takenAt,
      readings: (before?.readings ?? 0) + 1,
      history: [...(before?.history ?? []), { version, isActive, value, takenAt }].slice(-100),
    });
  }
  return [...foos.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The same answers both ways; only what a refusal is called is each one's own. */
function checkAsked({ overGrpc, overNats }: Asked, expected: readonly FooMessage[]): void {
  checkAnswers(overGrpc, expected);
  checkAnswers(overNats, expected);
  assert.equal(overGrpc.unknown, "NOT_FOUND");
  assert.equal(overGrpc.foreignToken, "INVALID_ARGUMENT");
  assert.equal(overNats.unknown, "not-found");
  assert.equal(overNats.foreignToken, "invalid-argument");
}

function checkAnswers(answers: Answers, expected: readonly FooMessage[]): void {
  assert.deepEqual(answers.all, expected);
  assert.deepEqual(
    answers.active,
    expected.filter(({ isActive }) => isActive),
  );
  assert.deepEqual(
    answers.inactive,
    expected.filter(({ isActive }) => !isActive),
  );
  assert.deepEqual(
    answers.one,
    expected.find(({ barId, bazId }) => barId === "bar-1" && bazId === "baz-2"),
  );
}

/** On the same machine a process needs no service: it may read the directory beside its owner. */
async function checkReadingBeside(directory: string, { one }: Answers): Promise<void> {
  // #region beside
  const reader = await openRuntime({ directory, ...options, readOnly: true });
  try {
    const row = await reader.view(foosView, "foos").get(one.id, { fresh: true });
    // #endregion
    const { id: _id, history: _history, ...rest } = one;
    assert.deepEqual(row, rest);
    // #region beside
  } finally {
    await reader.close();
  }
  // #endregion
}

function report({ overNats, described }: Asked, runtime: Runtime): void {
  const { all, active, inactive, one } = overNats;
  console.log("\nServed over NATS");
  for (const { name, subject, description } of described)
    console.log(`  ${name.padEnd(13)}${subject.padEnd(20)}${description}`);
  const { history, ...foo } = one;
  console.log(`\nGetFoo ${one.id}`);
  console.log({ ...foo, history: `${history.length} entries` });
  console.log("its last update", history.at(-1));
  console.log(
    `\nGetFoos: ${all.length} foos, ${active.length} active, ${inactive.length} inactive`,
  );
  console.log(
    `Every answer, over gRPC and over NATS, equals a fold of the ${runtime.head} events of the log; none is twice.`,
  );
}

await main();
