/** What the log says, as it is stored, in plain code: of before and of now, and that nothing was moved twice or not at all. */
import assert from "node:assert/strict";
import type { RecordedEvent, Runtime } from "tidemark";
import type { ConferenceRow } from "./before/conferences-view.js";
import type { Rows } from "./services.js";

export interface Facts {
  readonly rows: Rows;
  /** Ids of the events with the payments of before. */
  readonly payments: ReadonlySet<string>;
  /** Those of them that have been taken over. */
  readonly moved: ReadonlySet<string>;
}

interface Row {
  name: string;
  free: number;
  paidCents: number;
  wantedSeats: number;
  held: Record<string, number>;
}

/** The fields that events of before and of now have between them. */
interface Data {
  readonly name?: string;
  readonly order?: string;
  readonly orderId?: string;
  readonly conferenceId?: string;
  readonly seats?: number;
  readonly cents?: number;
  readonly movedFrom?: string | null;
}

export function factsOf(runtime: Runtime): Facts {
  const rows: Record<string, Row> = {};
  const payments = new Set<string>();
  const moved = new Set<string>();
  for (const event of runtime.events()) {
    const data = event.data as Data;
    if (event.type === "OrderPaid" && typeof data.movedFrom === "string") {
      assert(payments.has(data.movedFrom), `${data.movedFrom} is no payment of before`);
      assert(!moved.has(data.movedFrom), `${data.movedFrom} was moved twice`);
      moved.add(data.movedFrom);
    } else if (event.type === "PaymentRecorded") payments.add(event.eventId);
    apply(rows, event, data);
  }
  return { rows, payments, moved };
}

function apply(rows: Record<string, Row>, { type, entityId }: RecordedEvent, data: Data): void {
  const { name = "", seats = 0, cents = 0, orderId = data.order ?? "" } = data;
  if (type === "ConferenceAnnounced")
    rows[entityId] = { name, free: seats, paidCents: 0, wantedSeats: 0, held: {} };
  const row = rows[data.conferenceId ?? entityId];
  if (row === undefined) return;
  if (type === "SeatsReserved" || type === "SeatsHeld") {
    row.free -= seats;
    row.held[orderId] = seats;
  } else if (type === "ReservationCancelled" || type === "SeatsReleased") {
    row.free += row.held[orderId] ?? 0;
    row.held = Object.fromEntries(Object.entries(row.held).filter(([order]) => order !== orderId));
  } else if (type === "SeatsNotReserved" || type === "SeatsRefused") {
    row.wantedSeats += seats;
  } else if (type === "PaymentRecorded" || (type === "OrderPaid" && data.movedFrom === null)) {
    row.paidCents += cents;
  }
}

export function totalOf(rows: Rows, field: "paidCents" | "wantedSeats" | "free"): number {
  return Object.values<ConferenceRow>(rows).reduce((sum, row) => sum + row[field], 0);
}
