/** What docs/guides/projections.md shows; test/docs/guides/projections.test.ts runs it. */
import { aggregate, collection, openRuntime, projection, reject, type Runtime } from "tidemark";

type BookingCommand =
  | { type: "Book"; data: { service: string; day: string; guests: readonly string[] } }
  | { type: "Move"; data: { day: string } }
  | { type: "Cancel" };

type BookingEvent =
  | { type: "Booked"; data: { service: string; day: string; guests: readonly string[] } }
  | { type: "Moved"; data: { day: string } }
  | { type: "Cancelled" };

export interface BookingState {
  readonly isBooked: boolean;
}

export const Booking = aggregate<BookingState, BookingCommand, BookingEvent>({
  name: "booking",
  initialState: () => ({ isBooked: false }),
  decide: {
    Book: (_state, data) => ({ type: "Booked", data }),
    Move: ({ isBooked }, data) => (isBooked ? { type: "Moved", data } : reject("not-booked")),
    Cancel: ({ isBooked }) => (isBooked ? { type: "Cancelled" } : []),
  },
  evolve: {
    Booked: () => ({ isBooked: true }),
    Moved: (state) => state,
    Cancelled: () => ({ isBooked: false }),
  },
});

// #region definition
export interface BookingRow {
  readonly service: string;
  readonly day: string;
  readonly guests: readonly string[];
}

export const bookings = projection({
  name: "bookings",
  version: 1,
  from: [Booking],
  collections: {
    rows: collection<BookingRow>()
      .index("byService", "service", "day")
      .indexEach("byGuest", "guests")
      .indexBy("byMonth", ({ day }) => [day.slice(0, 7)]),
  },
  on: {
    Booked: ({ entityId, data }, { rows }) => rows.put(entityId, data),
    Moved: ({ entityId, data }, { rows }) =>
      rows.update(entityId, (row) => row && { ...row, day: data.day }),
    Cancelled: ({ entityId }, { rows }) => rows.remove(entityId),
  },
});
// #endregion

export async function open(directory: string): Promise<Runtime> {
  // #region open
  const runtime = await openRuntime({ directory, aggregates: [Booking], projections: [bookings] });
  // #endregion
  return runtime;
}

export async function queries(runtime: Runtime) {
  // #region queries
  const view = runtime.view(bookings);
  const one = await view.get("b1");
  const both = await view.getMany(["b1", "b2"]);
  const may = { from: "2026-05-01", upTo: "2026-05-31" };
  const ofMay = await view.find("byService", { equals: "sauna", ...may });
  const latest = await view.find("byMonth", { equals: "2026-05", order: "descending", limit: 50 });
  const ofAda = await view.countBy("byGuest", { equals: "ada" });
  // #endregion
  return { one, both, ofMay, latest, ofAda };
}

export async function paging(runtime: Runtime, limit: number): Promise<readonly string[]> {
  const view = runtime.view(bookings);
  const days: string[] = [];
  // #region paging
  let page = await view.find("byService", { equals: "sauna", limit });
  for (;;) {
    for (const { document } of page.entries) days.push(document.day);
    if (page.next === undefined) break;
    page = await view.find("byService", { equals: "sauna", limit, after: page.next });
  }
  // #endregion
  return days;
}

export async function oneState(runtime: Runtime): Promise<readonly [number, number]> {
  // #region query
  const [all, adas] = await runtime.query(
    bookings,
    ({ rows }) => [rows.count(), rows.countBy("byGuest", { equals: "ada" })] as const,
  );
  // #endregion
  return [all, adas];
}

export async function ownWrite(runtime: Runtime) {
  const view = runtime.view(bookings);
  let moved: BookingRow | undefined;
  // #region own-write
  const answer = await runtime.ask(Booking, "b1", { type: "Move", data: { day: "2026-05-04" } });
  if (answer.status === "accepted") moved = await view.get("b1", { atLeast: answer.position });
  const count = await view.count({ fresh: true });
  // #endregion
  return { moved, count };
}

export async function watching(runtime: Runtime, print: (line: string) => void): Promise<void> {
  const view = runtime.view(bookings);
  const one = (async () => {
    // #region watch
    for await (const { id, document } of view.watch("b1")) {
      print(`${id}: ${document?.day ?? "cancelled"}`);
      if (document === undefined) break;
    }
    // #endregion
  })();
  const several = (async () => {
    // #region watch-by
    for await (const { id, document } of view.watchBy("byService", { equals: "sauna" })) {
      print(document === undefined ? `${id} left` : `${id} on ${document.day}`);
      if (document === undefined) break;
    }
    // #endregion
  })();
  await Promise.all([one, several]);
}

export async function rebuilding(runtime: Runtime) {
  // #region rebuild
  const { operations } = runtime;
  await operations.rebuild(bookings, { by: "ada", reason: "a bug", approval: true });
  const rebuild = await operations.rebuilt(bookings); // done, failed, or waiting for approval
  console.log(rebuild?.phase, rebuild?.diff); // added, removed, changed, and samples of each
  await operations.approve(bookings, { by: "ada" }); // or cancelRebuild
  const done = await operations.rebuilt(bookings); // readers are pointed to it
  await operations.rollback(bookings, { by: "ada" }); // once more: forward again
  await operations.dropRetired(bookings); // frees its space; no rolling back any more
  const handled = await operations.rebuildKey(bookings, "b1"); // only documents with this id, in place
  // #endregion
  return { rebuild, done, handled };
}

/** Whether a day is one is the bug: somebody mends it, and deploys the same version. */
export const calendarOf = (isDay: (day: string) => boolean) =>
  projection({
    name: "calendar",
    version: 1,
    from: [Booking],
    collections: { days: collection<{ readonly day: string }>() },
    // #region on-failure
    onFailure: { attemptsMax: 5, retryDelayMs: 100, then: "park" },
    // #endregion
    on: {
      Booked: ({ entityId, data }, { days }) => {
        if (!isDay(data.day)) throw new Error("no such day");
        days.put(entityId, { day: data.day });
      },
      Moved: ({ entityId, data }, { days }) => {
        if (!isDay(data.day)) throw new Error("no such day");
        days.put(entityId, { day: data.day });
      },
    },
  });

export async function mending(runtime: Runtime, calendar: ReturnType<typeof calendarOf>) {
  // #region parked
  const { operations } = runtime;
  for (const { key, position, error, queued } of operations.parked(calendar))
    console.log(key, position, queued ? "waits behind another one" : error);
  const by = { by: "ada", reason: "mended" };
  const replay = await operations.replayParked(calendar, by); // all keys, or { key }
  if (replay.failed !== undefined) {
    await operations.skip(calendar, replay.failed.position, by); // in rebuilds of this version, too
    await operations.replayParked(calendar, by);
  }
  await operations.discardParked(calendar, { key: "b1" }); // a rebuild would meet them again
  await operations.pause(calendar, { by: "ada" }); // also across restarts
  await operations.resume(calendar); // after a pause, or a stop
  const record = operations.audit(calendar); // what was done, by whom and why, from the log
  // #endregion
  return { replay, record };
}
