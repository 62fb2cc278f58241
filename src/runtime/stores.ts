import type { Journal, KeyStore, ViewStore } from "../../journal/index.js";
import type { KeyBarrier } from "../privacy/key-barrier.js";

/** Where a runtime keeps things. */
export interface RuntimeStores {
  readonly journal: Journal;
  readonly views: ViewStore;
  readonly readOnly: boolean;
  /** The keys of subjects, where there are any. */
  readonly keys?: KeyStore;
  /** Where the journal waits for new keys to be on disk. */
  readonly keyBarrier?: KeyBarrier;
}

/** Each of them, whatever became of the others. */
export async function closeStores({ journal, views, keys }: RuntimeStores): Promise<void> {
  try {
    await journal.close();
  } finally {
    try {
      await views.close();
    } finally {
      await keys?.close();
    }
  }
}
