/** What the journal takes on disk, and for how long there is room. */
import { bytes, count, several } from "./format.js";
import { h } from "./dom.js";
import { facts } from "./parts.js";

const ROOM_DAYS_SHOWN = 365;

export function journalFacts({ head, journal }, more = []) {
  const { diskBytes, growthBytesPerDay, freeBytes, inFlightBytes, indexLag } = journal;
  const total = Object.values(diskBytes).reduce((sum, each) => sum + each, 0);
  const parts = Object.entries(diskBytes)
    .filter(([, size]) => size > 0)
    .map(([name, size]) => `${name} ${bytes(size)}`);
  const daysLeft =
    freeBytes !== undefined && growthBytesPerDay > 0 ? freeBytes / growthBytesPerDay : undefined;
  return facts([
    ["Events", count(head)],
    [
      "On disk",
      total === 0 ? "in memory only" : bytes(total),
      h("span.unit", {}, ` ${parts.join(", ")}`),
    ],
    [
      "Grows by",
      growthBytesPerDay === undefined ? "not known yet" : `${bytes(growthBytesPerDay)} a day`,
    ],
    freeBytes !== undefined && [
      "Free",
      bytes(freeBytes),
      daysLeft !== undefined &&
        daysLeft < ROOM_DAYS_SHOWN &&
        h("span.unit", {}, ` enough for ${several(daysLeft, "day")}`),
    ],
    ["Being written", bytes(inFlightBytes)],
    ["Index behind", several(indexLag, "event")],
    ...more,
  ]);
}
