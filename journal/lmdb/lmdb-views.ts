/** Views on LMDB, in the environment `views`: documents by view and id, and a checkpoint a view in the same transaction. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Position } from "../../src/kernel/event.js";
import { JournalCorruptedError } from "../errors.js";
import { seal, unseal } from "../codec.js";
import type { ViewName, ViewStore } from "../views.js";
import {
  isHeaderDamaged,
  openEnvironment,
  openTable,
  readFast,
  withTables,
  written,
  type Environment,
  type Table,
} from "./environment.js";

const DROP_DOCUMENTS = 10_000;

export class LmdbViews implements ViewStore {
  readonly #storeId: string;
  readonly #environment: Environment;
  readonly #checkpoints: Table;
  readonly #documents: Table;

  /** `directory` is the journal's; `storeId` tells views of another log apart, which then count as not there. */
  constructor(directory: string, storeId: string, readOnly = false) {
    this.#storeId = storeId;
    const path = join(directory, "views");
    // Cut off while it was made, or damaged: views are built anew.
    if (!readOnly && isHeaderDamaged(path)) rmSync(path, { recursive: true });
    const environment = openEnvironment(path, readOnly);
    this.#environment = environment;
    [this.#checkpoints, this.#documents] = withTables(environment, () => [
      openTable(environment, "checkpoints"),
      openTable(environment, "documents"),
    ]);
  }

  static exist(directory: string): boolean {
    return existsSync(join(directory, "views", "data.mdb"));
  }

  checkpoint(view: ViewName): Position {
    const bytes = readFast(this.#checkpoints, keyOf(view));
    const fields = bytes === undefined ? "there is none" : unseal(bytes, 2);
    // A damaged checkpoint reads as 0: the view is built anew.
    return typeof fields === "string" || fields[0] !== this.#storeId ? 0 : (fields[1] as Position);
  }

  get(view: ViewName, id: string): unknown {
    const bytes = readFast(this.#documents, [...keyOf(view), id]);
    return bytes === undefined ? undefined : documentOf(view, id, bytes);
  }

  *list(
    view: ViewName,
    options: { readonly from?: string; readonly limit?: number } = {},
  ): Generator<readonly [string, unknown]> {
    const range = {
      ...this.#rangeOf(view, options.from),
      ...(options.limit === undefined ? {} : { limit: options.limit }),
    };
    for (const { key, value } of this.#documents.getRange(range)) {
      const id = (key as [string, number, string])[2];
      yield [id, documentOf(view, id, value)];
    }
  }

  #rangeOf(view: ViewName, from?: string) {
    const start = from === undefined ? keyOf(view) : [...keyOf(view), from];
    return { start, end: [view.name, view.version + 1] };
  }

  count(view: ViewName): number {
    return this.#documents.getKeysCount(this.#rangeOf(view));
  }

  async write(
    view: ViewName,
    changes: ReadonlyMap<string, unknown>,
    checkpoint: Position,
  ): Promise<void> {
    const sealed = [...changes].map(([id, document]) => ({
      key: [...keyOf(view), id],
      bytes: document === undefined ? undefined : seal([document]),
    }));
    const checkpointBytes = seal([this.#storeId, checkpoint]);
    // Everything is encoded: nothing below can throw, and a throw inside a batch would commit half of it.
    await written(
      this.#environment.batch(() => {
        for (const { key, bytes } of sealed) {
          if (bytes === undefined) void this.#documents.remove(key);
          else void this.#documents.put(key, bytes);
        }
        void this.#checkpoints.put(keyOf(view), checkpointBytes);
      }),
    );
    this.#environment.resetReadTxn();
  }

  views(): readonly ViewName[] {
    const views: ViewName[] = [];
    for (const key of this.#checkpoints.getKeys({})) {
      const [name, version] = key as [string, number];
      views.push({ name, version });
    }
    return views;
  }

  async drop(view: ViewName): Promise<void> {
    await written(this.#checkpoints.remove(keyOf(view)));
    for (;;) {
      const keys = [...this.#documents.getKeys({ ...this.#rangeOf(view), limit: DROP_DOCUMENTS })];
      if (keys.length === 0) return;
      await written(
        this.#environment.batch(() => {
          for (const key of keys) void this.#documents.remove(key);
        }),
      );
      this.#environment.resetReadTxn();
    }
  }

  close(): Promise<void> {
    return this.#environment.close();
  }
}

function keyOf(view: ViewName): [name: string, version: number] {
  return [view.name, view.version];
}

function documentOf(view: ViewName, id: string, bytes: Uint8Array): unknown {
  const fields = unseal(bytes, 1);
  if (typeof fields !== "string") return fields[0];
  throw new JournalCorruptedError(
    0,
    `document ${JSON.stringify(id)} of view ${view.name}: ${fields} (delete the folder "views": it is rebuilt)`,
  );
}
