/**
 * S2 foos, for other processes: readings come in without an id, and two calls, over gRPC and over NATS, answer what has become of
 * them.
 *
 * `node dist/examples/foos/main.js` · `--size N` readings · `--full` · `--ci` · `--directory DIR`: one that was killed goes on there
 */
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { openRuntime, type Runtime } from "tidemark";
import { nats } from "tidemark/nats";
import { inTemporaryDirectory, NatsServer } from "tidemark/testing";
import type { Answers, Asked } from "./asking-process.js";
import { GetFoo, GetFoos } from "./endpoints.js";
import { foldOf } from "./expected.js";
import { Foo, fooIdOf, type NumberedReading } from "./foo.js";
import { foosView } from "./foos-view.js";
import { startService } from "./grpc-service.js";
import type { FooMessage } from "./protocol.js";
import { lineOf, takeIn, type Feed } from "./traffic.js";

const { values: flags } = parseArgs({
  options: {
    size: { type: "string" },
    full: { type: "boolean", default: false },
    ci: { type: "boolean", default: false },
    directory: { type: "string" },
  },
});

const readings = Number(flags.size ?? (flags.full ? 400_000 : flags.ci ? 4_000 : 40_000));
const feed: Feed = { readings, bars: 25, bazes: 10 };
const options = { aggregates: [Foo], projections: [foosView] };

async function main(directory: string): Promise<void> {
  const server = await NatsServer.start();
  try {
    await serve(directory, server.url);
  } finally {
    await server.remove();
  }
}

async function serve(directory: string, servers: string): Promise<void> {
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
    const recorded = linesRecordedOnce(runtime);
    const asked = await askFromAnotherProcess(service.port, servers);
    report(asked);
    await checkReadingBeside(directory, asked.overGrpc);
    const { overGrpc, overNats } = asked;
    const expected = foldOf(runtime);
    const outcome = {
      "readings in the log, each line once": { stated: readings, found: recorded },
      "foos over gRPC, each as a fold of the log has it": {
        stated: expected.length,
        found: equalFoos(overGrpc, expected),
      },
      "foos over NATS, each as a fold of the log has it": {
        stated: expected.length,
        found: equalFoos(overNats, expected),
      },
      "gRPC says of one that nobody knows": { stated: "NOT_FOUND", found: overGrpc.unknown },
      "NATS says of one that nobody knows": { stated: "not-found", found: overNats.unknown },
      "gRPC says of a page of another question": {
        stated: "INVALID_ARGUMENT",
        found: overGrpc.foreignToken,
      },
      "NATS says of a page of another question": {
        stated: "invalid-argument",
        found: overNats.foreignToken,
      },
    };
    console.table(outcome);
    for (const [what, { stated, found }] of Object.entries(outcome))
      assert.equal(found, stated, `not as stated: ${what}`);
    console.log(
      `Every answer, over gRPC and over NATS, equals a fold of the ${runtime.head} events of the log; none is twice.`,
    );
  } finally {
    await service.close();
    await runtime.close();
  }
}

/** How many lines of the feed are in the log, each as it was sent and for its foo. None may be there twice. */
function linesRecordedOnce(runtime: Runtime): number {
  const recorded = new Set<number>();
  for (const { entityId, data } of runtime.events()) {
    const reading = data as NumberedReading;
    assert.deepEqual(reading, lineOf(feed, reading.line));
    assert.equal(entityId, fooIdOf(reading));
    assert(!recorded.has(reading.line), `line ${reading.line} is recorded twice`);
    recorded.add(reading.line);
  }
  return recorded.size;
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

/** How many of all foos are as expected. The lists of some, and the one, must be so in any case. */
function equalFoos(answers: Answers, expected: readonly FooMessage[]): number {
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
  assert.equal(answers.all.length, expected.length);
  return answers.all.filter((foo, at) => isDeepStrictEqual(foo, expected[at])).length;
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

function report({ overNats, described }: Asked): void {
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
}

await (flags.directory === undefined ? inTemporaryDirectory(main) : main(flags.directory));
