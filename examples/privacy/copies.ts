/** What becomes of copies that were made before: a backup, and a copy of the keys. */
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { showsOf } from "./report.js";
import { withHotel } from "./service.js";
import { ANN, BEN, traces } from "./traffic.js";

/** The folders of the example. */
export const placesIn = (directory: string) => ({
  hotel: join(directory, "hotel"),
  keys: join(directory, "hotel", "keys"),
  backup: join(directory, "backup"),
  keysBefore: join(directory, "keys-before"),
  restored: join(directory, "restored"),
});

export interface Seen {
  readonly ann: number;
  readonly ben: number;
}

/** Restores a store with some keys beside it, or none, and opens it. @returns How many texts of each guest it shows. */
export async function seenIn(
  directory: string,
  store: string,
  keys: string | undefined,
): Promise<Seen> {
  const { restored } = placesIn(directory);
  rmSync(restored, { recursive: true, force: true });
  cpSync(store, restored, { recursive: true });
  rmSync(join(restored, "keys"), { recursive: true, force: true });
  if (keys !== undefined) cpSync(keys, join(restored, "keys"), { recursive: true });
  const seen = await withHotel(restored, async (runtime) => ({
    ann: await showsOf(runtime, traces(ANN)),
    ben: await showsOf(runtime, traces(BEN)),
  }));
  rmSync(restored, { recursive: true });
  return seen;
}
