/** What the service shows to whoever asks for everything, and tables on the way. */
import type { ForgetReport, Runtime } from "tidemark";
import { scanForPlainText } from "tidemark/testing";
import { badgesView } from "./badges-view.js";
import { Booking } from "./booking.js";
import { Guest } from "./guest.js";
import { hotelView } from "./hotel-view.js";
import { ANN, BEN, bookingId, guestId } from "./traffic.js";

/** All documents of the view of the desk, as of now. */
export async function documentsOf(runtime: Runtime): Promise<readonly unknown[]> {
  await runtime.operations.refresh(hotelView);
  const found: unknown[] = [];
  for (const name of ["guests", "stays", "books"] as const)
    for await (const { id, document } of runtime.view(hotelView, name).all())
      found.push([name, id, document]);
  return found;
}

/** How many of some texts can be read anywhere: events, states of now and then, views, parked events. */
export async function showsOf(runtime: Runtime, texts: readonly string[]): Promise<number> {
  const shown = [
    [...runtime.events()],
    await documentsOf(runtime),
    (await runtime.viewAt(hotelView, { position: runtime.head })).collections.guests.list(),
    runtime.operations.parked(badgesView),
    ...(await Promise.all([ANN, BEN].map((n) => runtime.state(Guest, guestId(n))))),
    await runtime.state(Guest, guestId(ANN), { at: { version: 1 } }),
    await runtime.state(Booking, bookingId(ANN)),
    runtime.privacy.forgotten(),
    runtime.status(),
  ];
  const bytes = Buffer.from(JSON.stringify(shown));
  return texts.filter((text) => scanForPlainText(bytes, [text]).length > 0).length;
}

/** What a report of forgetting counts, as rows of text. */
export function linesOf({ events, snapshots, documents, parked, claims }: ForgetReport): string {
  const types = Object.values(events).flatMap((each) => Object.entries(each));
  return lines([
    ["events", types.map(([type, found]) => `${found} ${type}`).join(", ")],
    ["snapshots", String(snapshots)],
    ["documents", String(documents["hotel"] ?? 0)],
    ["parked events", String(parked)],
    ["given back", `${claims["email"] ?? 0} address`],
  ]);
}

export function lines(rows: readonly (readonly [name: string, text: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, text]) => `  ${name.padEnd(width)}${text}`).join("\n");
}
