/** The limit of the store below: LMDB puts at ascending keys with our options and value size, each acknowledged after the sync. */
import { open } from "lmdb";
import { closedLoop, type Sample } from "../measure.js";
import { inDirectory } from "./directory.js";

export const RAW_LMDB = "raw LMDB puts";

/** As long as a commit record of one deposit. */
const VALUE_BYTES = 210;

export function rawPuts(count: number, inFlight: number): Promise<Sample> {
  return inDirectory(async (path) => {
    const environment = open<Uint8Array>({
      path,
      noSubdir: false,
      encoding: "binary",
      overlappingSync: false,
      eventTurnBatching: false,
      pageSize: 4096,
      mapSize: 2 ** 38,
      ...{ safeRestore: true },
    });
    const table = environment.openDB<Uint8Array>("log", { encoding: "binary" });
    const value = Buffer.alloc(VALUE_BYTES, 7);
    try {
      return await closedLoop(count, inFlight, (n) => table.put(n + 1, value));
    } finally {
      await environment.close();
    }
  });
}
