/** Views in memory: the readable specification of a view store. Outlives its runtime, as a directory does. */
import type { Position } from "../../src/kernel/event.js";
import { decode, encode } from "../codec.js";
import type { ViewName, ViewStore } from "../views.js";

interface View {
  readonly name: ViewName;
  checkpoint: Position;
  readonly documents: Map<string, Uint8Array>;
}

export class MemoryViews implements ViewStore {
  readonly #views = new Map<string, View>();

  #find({ name, version }: ViewName): View | undefined {
    return this.#views.get(`${name}/${version}`);
  }

  checkpoint(view: ViewName): Position {
    return this.#find(view)?.checkpoint ?? 0;
  }

  get(view: ViewName, id: string): unknown {
    const bytes = this.#find(view)?.documents.get(id);
    return bytes === undefined ? undefined : decode(bytes);
  }

  *list(
    view: ViewName,
    options: { readonly from?: string; readonly limit?: number } = {},
  ): Generator<readonly [string, unknown]> {
    const documents = [...(this.#find(view)?.documents ?? [])].sort(([a], [b]) =>
      Buffer.compare(Buffer.from(a), Buffer.from(b)),
    );
    const from = Buffer.from(options.from ?? "");
    const selected = documents
      .filter(([id]) => Buffer.compare(Buffer.from(id), from) >= 0)
      .slice(0, options.limit);
    for (const [id, bytes] of selected) yield [id, decode(bytes)];
  }

  count(view: ViewName): number {
    return this.#find(view)?.documents.size ?? 0;
  }

  write(
    view: ViewName,
    changes: ReadonlyMap<string, unknown>,
    checkpoint: Position,
  ): Promise<void> {
    const found = this.#find(view) ?? {
      name: view,
      checkpoint: 0,
      documents: new Map<string, Uint8Array>(),
    };
    for (const [id, document] of changes) {
      if (document === undefined) found.documents.delete(id);
      else found.documents.set(id, encode(document));
    }
    found.checkpoint = checkpoint;
    this.#views.set(`${view.name}/${view.version}`, found);
    return Promise.resolve();
  }

  views(): readonly ViewName[] {
    return [...this.#views.values()].map(({ name }) => name);
  }

  drop(view: ViewName): Promise<void> {
    this.#views.delete(`${view.name}/${view.version}`);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
