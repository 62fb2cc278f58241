/**
 * Bookings: documents that embed the names of others, and what happens when one of those is renamed.
 *
 * `node dist/examples/bookings/main.js` · `--bookings N` of the service that is renamed · `--ci` · `--directory DIR`, an empty one
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { openRuntime, type Position, type Runtime } from "tidemark";
import { inDirectory } from "../support/directory.js";
import { count, lines } from "../support/figures.js";
import { bookingsView, type BookingRow } from "./bookings-view.js";
import { book, bookEverything, SERVICE, SERVICE_NAME, Stream, type Size } from "./bookings.js";
import { Booking, Client, Service } from "./domain.js";
import { joinBookings } from "./expected.js";

const { values } = parseArgs({
  options: {
    directory: { type: "string" },
    bookings: { type: "string" },
    ci: { type: "boolean", default: false },
  },
});

const PER_SECOND = 500;
/** Bookings that are sent right behind the rename. */
const AT_ONCE = 50;
const WAIT_MS = 120_000;
const bookings = Number(values.bookings ?? (values.ci ? 1_000 : 10_000));
const size: Size = { bookings, clients: Math.ceil(bookings / 10) };
const aggregates = [Client, Service, Booking];

await inDirectory("bookings", values.directory, async (directory) => {
  const options = { directory, aggregates, projections: [bookingsView] };
  const runtime = await openRuntime(options);
  try {
    await bookEverything(runtime, size);
    await assertJoined(runtime);
    const alone = await bookAlone(runtime);
    await renameUnderTraffic(runtime, size.bookings * 3, alone);
    // Closed at once: the view doesn't show this name yet.
    await rename(runtime, "Massage of tomorrow");
  } finally {
    await runtime.close();
  }
  const reopened = await openRuntime(options);
  try {
    await assertJoined(reopened);
    await show(reopened);
  } finally {
    await reopened.close();
  }
});

async function rename(runtime: Runtime, name: string): Promise<Position> {
  const answer = await runtime.ask(Service, SERVICE, { type: "Rename", data: { name } });
  assert.equal(answer.status, "accepted");
  return answer.position;
}

/** The latencies of the same stream while nothing else happens. */
async function bookAlone(runtime: Runtime): Promise<Stream> {
  const stream = new Stream(runtime, size, size.bookings * 2, PER_SECOND);
  await sleep(values.ci ? 200 : 1_500);
  await stream.stop();
  return stream;
}

async function renameUnderTraffic(
  runtime: Runtime,
  firstNumber: number,
  alone: Stream,
): Promise<void> {
  const stream = new Stream(runtime, size, firstNumber + AT_ONCE, PER_SECOND);
  try {
    const result = await renameBeside(runtime, firstNumber);
    await stream.stop();
    await assertJoined(runtime);
    const figures = [
      ["the rename was answered after", `${result.acceptedMs.toFixed(1)} ms`],
      ["its bookings show it after", `${result.shownMs.toFixed(1)} ms, all at once`],
      ["bookings answered before that", `${result.before} of ${AT_ONCE} that were sent behind it`],
      [`latency at ${PER_SECOND} bookings/s, alone`, String(alone.latencies)],
      ["the same beside the rename", String(stream.latencies)],
    ] as const;
    console.log(`A service with ${count(size.bookings)} bookings is renamed\n${lines(figures)}\n`);
  } finally {
    await stream.stop();
  }
}

interface Renamed {
  readonly acceptedMs: number;
  readonly shownMs: number;
  /** Bookings sent behind the rename that were answered before the view showed it. */
  readonly before: number;
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
  assert.ok(before > 0, "bookings were answered before the view showed the new name");
  assert.deepEqual([...seen].sort(), [`${size.bookings} new`, `${size.bookings} old`]);
  return { acceptedMs, shownMs, before };
}

/** Reads both names until the view has the rename: which counts were to be seen. */
async function watchNames(
  runtime: Runtime,
  renaming: Promise<Position>,
): Promise<ReadonlySet<string>> {
  let wanted = Infinity;
  void renaming.then((position) => (wanted = position));
  const seen = new Set<string>();
  for (;;) {
    const [old, renamed, at] = await runtime.query(bookingsView, ({ bookings }, at) => {
      const named = (name: string) => bookings.countBy("byServiceName", { equals: name });
      return [named(SERVICE_NAME), named("Deep massage"), at] as const;
    });
    if (old > 0) seen.add(`${old} old`);
    if (renamed > 0) seen.add(`${renamed} new`);
    if (at >= wanted) return seen;
    await sleep(1);
  }
}

async function assertJoined(runtime: Runtime): Promise<void> {
  const rows = new Map<string, BookingRow>();
  const view = runtime.view(bookingsView, "bookings");
  for await (const { id, document } of view.all({ fresh: true, timeoutMs: WAIT_MS }))
    rows.set(id, document);
  assert.deepEqual(rows, joinBookings(runtime));
}

async function show(runtime: Runtime): Promise<void> {
  const view = runtime.view(bookingsView, "bookings");
  const renamed = await view.countBy("byServiceName", { equals: "Massage of tomorrow" });
  assert.equal(renamed, size.bookings);
  const day = "2026-05-04";
  const today = await view.find("byService", { equals: [SERVICE, day], limit: 3 });
  const rows = today.entries.map(
    ({ id, document }) =>
      [id, `${document.clientName.padEnd(12)}${document.serviceName}, ${document.day}`] as const,
  );
  console.log(
    `Renamed once more and closed at once; opened again, ${count(renamed)} of ` +
      `${count(await view.count())} bookings have the name.\nThe first on ${day}:\n${lines(rows)}`,
  );
}
