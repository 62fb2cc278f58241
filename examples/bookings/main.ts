/**
 * S7 bookings: documents that embed the names of others, and what happens when one of those is renamed.
 *
 * `node dist/examples/bookings/main.js` · `--size N` bookings of the service that is renamed · `--full` · `--ci` · `--directory DIR`
 */
import assert from "node:assert/strict";
import type { Histogram } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { openRuntime, type Position, type Runtime } from "tidemark";
import { inTemporaryDirectory } from "tidemark/testing";
import { Booking, Client, Service } from "./booking.js";
import { bookingsView } from "./bookings-view.js";
import { joinBookings } from "./expected.js";
import { book, bookEverything, SERVICE, SERVICE_NAME, Stream, type Size } from "./traffic.js";

const { values: flags } = parseArgs({
  options: {
    size: { type: "string" },
    full: { type: "boolean", default: false },
    ci: { type: "boolean", default: false },
    directory: { type: "string" },
  },
});

const bookings = Number(flags.size ?? (flags.full ? 10_000 : flags.ci ? 1_000 : 10_000));
const size: Size = { bookings, clients: Math.ceil(bookings / 10) };
const PER_SECOND = 500;
/** Bookings that are sent right behind the rename. */
const AT_ONCE = 50;
const WAIT_MS = 120_000;

async function main(directory: string): Promise<void> {
  const aggregates = [Client, Service, Booking];
  const options = { directory, aggregates, projections: [bookingsView] };
  const runtime = await openRuntime(options);
  let renamed: Renamed;
  try {
    await bookEverything(runtime, size);
    await assertJoined(runtime);
    const alone = await bookAlone(runtime);
    renamed = await renameUnderTraffic(runtime, size.bookings * 3, alone);
    // Closed at once: the view doesn't show this name yet.
    await rename(runtime, "Massage of tomorrow");
  } finally {
    await runtime.close();
  }
  const reopened = await openRuntime(options);
  try {
    const { rows, equal } = await joined(reopened);
    const outcome = {
      "bookings with the new name, opened again": { stated: bookings, found: await show(reopened) },
      "bookings that equal a join of the log": { stated: rows, found: equal },
      "times a reader saw some renamed, not all": { stated: 0, found: renamed.mixtures },
      "commands answered before it was shown": { stated: true, found: renamed.before > 0 },
    };
    console.table(outcome);
    for (const [what, { stated, found }] of Object.entries(outcome))
      assert.equal(found, stated, `not as stated: ${what}`);
  } finally {
    await reopened.close();
  }
}

async function rename(runtime: Runtime, name: string): Promise<Position> {
  const answer = await runtime.ask(Service, SERVICE, { type: "Rename", data: { name } });
  assert.equal(answer.status, "accepted");
  return answer.position;
}

/** The latencies of the same stream while nothing else happens. */
async function bookAlone(runtime: Runtime): Promise<Stream> {
  const stream = new Stream(runtime, size, size.bookings * 2, PER_SECOND);
  await sleep(flags.ci ? 200 : 1_500);
  await stream.stop();
  return stream;
}

async function renameUnderTraffic(
  runtime: Runtime,
  firstNumber: number,
  alone: Stream,
): Promise<Renamed> {
  const stream = new Stream(runtime, size, firstNumber + AT_ONCE, PER_SECOND);
  try {
    const result = await renameBeside(runtime, firstNumber);
    await stream.stop();
    await assertJoined(runtime);
    console.log(`A service with ${count(bookings)} bookings is renamed`);
    line("the rename was answered after", `${result.acceptedMs.toFixed(1)} ms`);
    line("its bookings show it after", `${result.shownMs.toFixed(1)} ms, all at once`);
    line(
      "bookings answered before that",
      `${result.before} of ${AT_ONCE} that were sent behind it`,
    );
    line(`latency at ${PER_SECOND} bookings/s, alone`, latencyText(alone.latencies));
    line("the same beside the rename", latencyText(stream.latencies));
    return result;
  } finally {
    await stream.stop();
  }
}

interface Renamed {
  readonly acceptedMs: number;
  readonly shownMs: number;
  /** Bookings sent behind the rename that were answered before the view showed it. */
  readonly before: number;
  /** Times that some bookings had the new name and others the old one. */
  readonly mixtures: number;
}

async function renameBeside(runtime: Runtime, firstNumber: number): Promise<Renamed> {
  const view = runtime.view(bookingsView, "bookings");
  const startedAt = performance.now();
  const renaming = rename(runtime, "Deep massage");
  // Whoever doesn't ask for its position reads the names as they were: of all bookings, or of none.
  const watching = watchNames(runtime, renaming);
  // Where the view stood when each of them was answered.
  const beside = Array.from({ length: AT_ONCE }, (_, n) =>
    book(runtime, size, firstNumber + n).then(() => view.position()),
  );
  const position = await renaming;
  const acceptedMs = performance.now() - startedAt;
  const seen = await watching;
  const shownMs = performance.now() - startedAt;
  const before = (await Promise.all(beside)).filter((at) => at < position).length;
  return { acceptedMs, shownMs, before, mixtures: seen.filter((each) => !each).length };
}

/** Reads both names until the view has the rename. @returns For each time whether one of them had all bookings, the other none. */
async function watchNames(
  runtime: Runtime,
  renaming: Promise<Position>,
): Promise<readonly boolean[]> {
  let wanted = Infinity;
  void renaming.then((position) => (wanted = position));
  const seen: boolean[] = [];
  for (;;) {
    const [old, renamed, at] = await runtime.query(bookingsView, ({ bookings }, at) => {
      const named = (name: string) => bookings.countBy("byServiceName", { equals: name });
      return [named(SERVICE_NAME), named("Deep massage"), at] as const;
    });
    seen.push(old + renamed === bookings && (old === 0 || renamed === 0));
    if (at >= wanted) return seen;
    await sleep(1);
  }
}

/** Rows of the view, and how many of them are as in a join of the whole log that knows nothing of the view. */
async function joined(
  runtime: Runtime,
): Promise<{ readonly rows: number; readonly equal: number }> {
  const expected = joinBookings(runtime);
  let equal = 0;
  const view = runtime.view(bookingsView, "bookings");
  for await (const { id, document } of view.all({ fresh: true, timeoutMs: WAIT_MS }))
    if (isDeepStrictEqual(document, expected.get(id))) equal += 1;
  assert.equal(await view.count(), expected.size);
  return { rows: expected.size, equal };
}

async function assertJoined(runtime: Runtime): Promise<void> {
  const { rows, equal } = await joined(runtime);
  assert.equal(equal, rows, "bookings differ from a join of the log");
}

/** How many have the name that nobody had seen when the runtime was closed. */
async function show(runtime: Runtime): Promise<number> {
  const view = runtime.view(bookingsView, "bookings");
  const renamed = await view.countBy("byServiceName", { equals: "Massage of tomorrow" });
  const day = "2026-05-04";
  const today = await view.find("byService", { equals: [SERVICE, day], limit: 3 });
  console.log(
    `\nRenamed once more and closed at once; opened again, ${count(renamed)} of ` +
      `${count(await view.count())} bookings have the name.\nThe first on ${day}:`,
  );
  for (const { id, document } of today.entries)
    console.log(
      `  ${id.padEnd(14)}${document.clientName.padEnd(12)}${document.serviceName}, ${document.day}`,
    );
  return renamed;
}

function count(value: number): string {
  return value.toLocaleString("en");
}

function line(name: string, text: string): void {
  console.log(`  ${name.padEnd(34)}${text}`);
}

function latencyText(latencies: Histogram): string {
  const ms = (share: number) => `${(latencies.percentile(share) / 1e6).toFixed(1)} ms`;
  return `p50 ${ms(50)}, p99 ${ms(99)}, slowest ${ms(100)} (${count(latencies.count)})`;
}

await (flags.directory === undefined ? inTemporaryDirectory(main) : main(flags.directory));
