/** What the journal on LMDB is joined of. */
import type { BeforeWrite } from "../before-write.js";
import type { Clock } from "../../src/kernel/clock.js";
import type { Limits } from "../../src/kernel/limits.js";
import type { Logger } from "../../src/kernel/log.js";
import type { FreeSpaceGuard } from "./free-space.js";
import type { IndexStore } from "./index-store.js";
import type { LogFile } from "./log-file.js";
import type { OwnerLock } from "./owner-lock.js";

export interface LmdbJournalParts {
  readonly directory: string;
  readonly storeId: string;
  readonly log: LogFile;
  readonly store: IndexStore;
  readonly lock: OwnerLock;
  readonly guard: FreeSpaceGuard;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly beforeWrite?: BeforeWrite | undefined;
}
