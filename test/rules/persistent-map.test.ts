/** The map against JavaScript's own; it is plain data, and what didn't change is shared. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { throughCodec } from "../../journal/index.js";
import {
  EMPTY_MAP,
  isEmptyMap,
  mapAny,
  mapDelete,
  mapEntries,
  mapGet,
  mapSet,
  type PersistentMap,
} from "../../src/rules/persistent-map.js";

const RUNS = Number(process.env.RULE_RUNS ?? 200);

it("holds what a Map holds, whatever is set and deleted, and leaves what it was made of as it was", () => {
  const key = fc.oneof(
    fc.nat(300).map(String),
    fc.string(),
    fc.constantFrom("__proto__", "", "constructor"),
  );
  const changes = fc.array(fc.tuple(key, fc.oneof(fc.constant(undefined), fc.nat())), {
    maxLength: 600,
    size: "max",
  });
  fc.assert(
    fc.property(changes, (all) => {
      const model = new Map<string, number>();
      let map: PersistentMap<number> = EMPTY_MAP;
      for (const [name, value] of all) {
        const before = map;
        const was = mapGet(before, name);
        if (value === undefined) {
          model.delete(name);
          map = mapDelete(map, name);
        } else {
          model.set(name, value);
          map = mapSet(map, name, value);
        }
        expect(mapGet(map, name)).toBe(value);
        expect(mapGet(before, name)).toBe(was);
        if (was === value) expect(map).toBe(before);
      }
      const entries = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
      expect(mapEntries(map)).toEqual(entries);
      expect(isEmptyMap(map)).toBe(model.size === 0);
      expect(mapAny(map) === undefined).toBe(model.size === 0);
      const read = throughCodec(map);
      expect(read).toEqual(map);
      for (const [name, value] of model) expect(mapGet(read, name)).toBe(value);
    }),
    { numRuns: RUNS },
  );
});

it("copies little of itself with a change: thousands of entries, a few small arrays", () => {
  let map: PersistentMap<number> = EMPTY_MAP;
  for (let index = 0; index < 10_000; index++) map = mapSet(map, `key ${index}`, index);
  const nodesOf = (node: PersistentMap<number>): PersistentMap<number>[] =>
    "nodes" in node ? [node, ...node.nodes.flatMap(nodesOf)] : [node];
  const before = new Set(nodesOf(map));
  const changed = nodesOf(mapSet(map, "key 77", -1)).filter((node) => !before.has(node));
  expect(changed.length).toBeLessThanOrEqual(5);
  let rest = map;
  for (let index = 0; index < 10_000; index++) rest = mapDelete(rest, `key ${index}`);
  expect(isEmptyMap(rest)).toBe(true);
});
