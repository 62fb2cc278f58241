/** A runtime with nothing on disk and the same semantics: the double for tests. Its store outlives it, as a directory does. */
import { MemoryJournal, MemoryKeys, MemoryStore, MemoryViews } from "../../journal/index.js";
import type { Runtime } from "../runtime.js";
import { startRuntime } from "../runtime/open.js";
import { portsOf, type RuntimeOptions } from "../runtime/options.js";
import { faultyJournal, type Fault } from "./faulty-journal.js";

/** What a memory runtime leaves behind when it is closed: give it to the next one to "open it again". */
export class MemoryDirectory {
  /** @internal */
  readonly store: MemoryStore;
  /** @internal */
  readonly views = new MemoryViews();
  /** @internal */
  readonly keys = new MemoryKeys();

  /** @param storeId - Prefix of the event ids. */
  constructor(storeId = "00000000-0000-4000-8000-000000000000") {
    this.store = new MemoryStore(storeId);
  }
}

/** What `openMemoryRuntime` is given. */
export interface MemoryRuntimeOptions extends RuntimeOptions {
  /** Defaults to a new, empty one. */
  readonly directory?: MemoryDirectory;
  /** Operations of the journal that fail; see {@link Fault}. */
  readonly faults?: readonly Fault[];
}

/** Opens a runtime in memory. Throws what `openRuntime` throws for bad options. */
export function openMemoryRuntime(options: MemoryRuntimeOptions): Promise<Runtime> {
  const { store, views, keys } = options.directory ?? new MemoryDirectory();
  const ports = portsOf(options);
  const memory = new MemoryJournal(store, ports);
  const journal = options.faults === undefined ? memory : faultyJournal(memory, options.faults);
  // A test that hangs is ended by its runner; the thread that would name the handler isn't needed.
  const withoutWatch = { hangingAfterMs: 0, ...options };
  return startRuntime({ journal, views, keys, readOnly: false }, withoutWatch, ports);
}
