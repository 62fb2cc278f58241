/** Whether a document stands within a range of an index. */
import { entryValuesOf } from "./index-entries.js";
import { compareKeys } from "./key-order.js";
import { indexNamed, rangeOfIndex, type UntypedRange } from "./key-range.js";
import { entryKey, type CollectionLayout } from "./layout.js";

/** @throws InvalidArgumentError - There is no such index, or the range can't be taken. */
export function isInIndexRange(
  collection: CollectionLayout,
  name: string,
  range: UntypedRange,
  id: string,
  document: unknown,
): boolean {
  const index = indexNamed(collection, name);
  const { from, before, partsMin = 0 } = rangeOfIndex(collection, index, range);
  return entryValuesOf(index.definition, document, collection.name, id).some((values) => {
    const key = entryKey(index, values, id);
    return key.length >= partsMin && compareKeys(from, key) <= 0 && compareKeys(key, before) < 0;
  });
}
