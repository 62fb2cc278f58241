/** Whether a document stands within a range of an index. */
import { entryValuesOf } from "./index-entries.js";
import { indexNamed, isWithin, rangeOfIndex, type UntypedRange } from "./key-range.js";
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
  const keys = rangeOfIndex(collection, index, range);
  return entryValuesOf(index.definition, document, collection.name, id).some((values) =>
    isWithin(keys, entryKey(index, values, id)),
  );
}
