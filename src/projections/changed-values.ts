/**
 * Which changed documents may stand under a value of an index: for handlers that search, so that a search needn't go through
 * everything that has changed since the last flush. Kept only for indexes that are searched; it holds too many rather
 * than too few, and whoever asks looks at each.
 */
import type { ViewKeyPart } from "../../journal/index.js";
import type { IndexDefinition } from "./collection.js";
import { keyPartOf, personalPartOf } from "./key-part.js";

export class ChangedValues<Changed> {
  /** By index, by the first of its values. */
  readonly #byIndex = new Map<IndexDefinition, Map<ViewKeyPart, Set<Changed>>>();

  /**
   * Undefined where `equals` names no first value: then everything that has changed may be meant.
   *
   * @param fill - Told where to add what has changed already, when an index is searched for the first time.
   */
  of(
    index: IndexDefinition,
    equals: unknown,
    fill: (add: (changed: Changed, rows: readonly ViewKeyPart[][]) => void) => void,
  ): Iterable<Changed> | undefined {
    const part = keyPartOf(Array.isArray(equals) ? equals[0] : equals);
    const first = part !== undefined && index.personal ? personalPartOf(part) : part;
    if (equals === undefined || (Array.isArray(equals) && equals.length === 0)) return undefined;
    if (first === undefined) return undefined;
    if (!this.#byIndex.has(index)) {
      this.#byIndex.set(index, new Map());
      fill((changed, rows) => this.add(index, changed, rows));
    }
    return this.#byIndex.get(index)?.get(first) ?? [];
  }

  /** A document has changed, and stands in these rows of the index now. */
  add(index: IndexDefinition, changed: Changed, rows: readonly ViewKeyPart[][]): void {
    const byValue = this.#byIndex.get(index);
    if (byValue === undefined) return;
    for (const [first = null] of rows) {
      const known = byValue.get(first);
      if (known === undefined) byValue.set(first, new Set([changed]));
      else known.add(changed);
    }
  }

  /** Nothing has changed any more. */
  clear(): void {
    this.#byIndex.clear();
  }
}
