/** The service as it was, and as it is now. */
import { openRuntime, type Runtime } from "tidemark";
import { Conference } from "./after/conference.js";
import { conferencesView } from "./after/conferences-view.js";
import { movers, type OnMoved } from "./after/mover-reactors.js";
import { Order } from "./after/order.js";
import { WaitingList } from "./after/waiting-list.js";
import { ConferenceBefore } from "./before/conference.js";
import { conferencesBefore, type ConferenceRow } from "./before/conferences-view.js";

const OPTIONS = { askTimeoutMs: 60_000 };

export function openBefore(directory: string): Promise<Runtime> {
  const projections = [conferencesBefore];
  return openRuntime({ ...OPTIONS, directory, aggregates: [ConferenceBefore], projections });
}

/** @param conference - As it is to be now; tried ones may lack something. */
export function openAfter(
  directory: string,
  onMoved: OnMoved = () => undefined,
  conference = Conference,
): Promise<Runtime> {
  // The movers ask the runtime that they are part of.
  const opening: Promise<Runtime> = openRuntime({
    ...OPTIONS,
    directory,
    aggregates: [conference, Order, WaitingList],
    projections: [conferencesView],
    reactors: movers(() => opening, onMoved),
  });
  return opening;
}

/** Resolves once everything of before is where it belongs now. */
export async function moved(runtime: Runtime): Promise<void> {
  await runtime.operations.refresh("move-payments", { timeoutMs: 250_000 });
  await runtime.operations.refresh("collect-refused", { timeoutMs: 250_000 });
}

// #region approve
/** Lets the new view serve, where it doesn't yet. */
export async function approve(runtime: Runtime): Promise<void> {
  const built = await runtime.operations.rebuilt(conferencesView);
  if (built?.phase !== "awaiting-approval") return;
  await runtime.operations.approve(conferencesView, { by: "release 2", reason: "no row differs" });
  await runtime.operations.rebuilt(conferencesView);
}
// #endregion

export type Rows = Readonly<Record<string, ConferenceRow>>;

export async function rowsBefore(runtime: Runtime): Promise<Rows> {
  const { entries } = await runtime.view(conferencesBefore).list({ fresh: true, limit: 10_000 });
  return Object.fromEntries(entries.map(({ id, document }) => [id, document]));
}

/** What the new view will show; read before it serves. */
export async function rowsToCome(runtime: Runtime): Promise<Rows> {
  const view = await runtime.viewAt(conferencesView, { position: runtime.head });
  const { entries } = view.collections.conferences.list({ limit: 10_000 });
  return Object.fromEntries(entries.map(({ id, document }) => [id, document]));
}

/** What whichever view that serves shows. */
export async function rowsShown(runtime: Runtime): Promise<Rows> {
  const { entries } = await runtime.view(conferencesView).list({ fresh: true, limit: 10_000 });
  return Object.fromEntries(entries.map(({ id, document }) => [id, document]));
}
