/**
 * Maps as plain data that share what didn't change: a state with thousands of facts is folded by copying a few small arrays. A leaf
 * holds up to 16 entries; larger maps branch by five bits of the key's hash at a time.
 */
export interface Leaf<V> {
  readonly keys: readonly string[];
  readonly values: readonly V[];
}

export interface Branch<V> {
  /** Which of the 32 there are. */
  readonly bits: number;
  readonly nodes: readonly PersistentMap<V>[];
}

export type PersistentMap<V> = Leaf<V> | Branch<V>;

export const EMPTY_MAP: Leaf<never> = Object.freeze({
  keys: Object.freeze([]),
  values: Object.freeze([]),
});

const LEAF_MAX = 16;
const BITS = 5;
const SHIFT_MAX = 30;

export function mapGet<V>(map: PersistentMap<V>, key: string): V | undefined {
  let node = map;
  if (!isLeaf(node)) {
    let hash = hashOf(key);
    while (!isLeaf(node)) {
      const bit = 1 << (hash & 31);
      if ((node.bits & bit) === 0) return undefined;
      node = node.nodes[indexOf(node.bits, bit)] as PersistentMap<V>;
      hash >>>= BITS;
    }
  }
  const at = node.keys.indexOf(key);
  return at < 0 ? undefined : node.values[at];
}

export function mapSet<V>(map: PersistentMap<V>, key: string, value: V): PersistentMap<V> {
  return set(map, key, value, isLeaf(map) ? undefined : hashOf(key), 0);
}

export function mapDelete<V>(map: PersistentMap<V>, key: string): PersistentMap<V> {
  return remove(map, key, isLeaf(map) ? 0 : hashOf(key)) ?? EMPTY_MAP;
}

export function isEmptyMap(map: PersistentMap<unknown>): boolean {
  return isLeaf(map) && map.keys.length === 0;
}

export function mapSize(map: PersistentMap<unknown>): number {
  if (isLeaf(map)) return map.keys.length;
  let size = 0;
  for (const node of map.nodes) size += mapSize(node);
  return size;
}

/** Any value of it. */
export function mapAny<V>(map: PersistentMap<V>): V | undefined {
  let node: PersistentMap<V> | undefined = map;
  while (node !== undefined && !isLeaf(node)) node = node.nodes[0];
  return node?.values[0];
}

/** In no order that means anything. */
export function mapForEach<V>(map: PersistentMap<V>, visit: (key: string, value: V) => void): void {
  if (isLeaf(map)) map.keys.forEach((key, index) => visit(key, map.values[index] as V));
  else for (const node of map.nodes) mapForEach(node, visit);
}

/** By key, in order of text. */
export function mapEntries<V>(map: PersistentMap<V>): [string, V][] {
  const entries: [string, V][] = [];
  mapForEach(map, (key, value) => entries.push([key, value]));
  return entries.sort(([a], [b]) => (a < b ? -1 : 1));
}

function isLeaf<V>(map: PersistentMap<V>): map is Leaf<V> {
  return "keys" in map;
}

function set<V>(
  map: PersistentMap<V>,
  key: string,
  value: V,
  hash: number | undefined,
  shift: number,
): PersistentMap<V> {
  if (!isLeaf(map)) {
    const known = hash ?? hashOf(key) >>> shift;
    const bit = 1 << (known & 31);
    const at = indexOf(map.bits, bit);
    if ((map.bits & bit) === 0) {
      const nodes = map.nodes.toSpliced(at, 0, { keys: [key], values: [value] });
      return { bits: map.bits | bit, nodes };
    }
    const child = map.nodes[at] as PersistentMap<V>;
    const next = set(child, key, value, known >>> BITS, shift + BITS);
    return next === child ? map : { bits: map.bits, nodes: map.nodes.with(at, next) };
  }
  const { keys, values } = map;
  const at = keys.indexOf(key);
  if (at >= 0) return values[at] === value ? map : { keys, values: values.with(at, value) };
  const leaf = { keys: [...keys, key], values: [...values, value] };
  return leaf.keys.length <= LEAF_MAX || shift > SHIFT_MAX ? leaf : branched(leaf, shift);
}

/** A leaf that has become too large, as a branch. */
function branched<V>({ keys, values }: Leaf<V>, shift: number): PersistentMap<V> {
  let branch: PersistentMap<V> = { bits: 0, nodes: [] };
  keys.forEach((key, index) => {
    branch = set(branch, key, values[index] as V, hashOf(key) >>> shift, shift);
  });
  return branch;
}

/** Undefined where nothing is left. */
function remove<V>(map: PersistentMap<V>, key: string, hash: number): PersistentMap<V> | undefined {
  if (isLeaf(map)) {
    const at = map.keys.indexOf(key);
    if (at < 0) return map;
    if (map.keys.length === 1) return undefined;
    return { keys: map.keys.toSpliced(at, 1), values: map.values.toSpliced(at, 1) };
  }
  const bit = 1 << (hash & 31);
  if ((map.bits & bit) === 0) return map;
  const at = indexOf(map.bits, bit);
  const child = map.nodes[at] as PersistentMap<V>;
  const next = remove(child, key, hash >>> BITS);
  if (next === child) return map;
  if (next !== undefined) return { bits: map.bits, nodes: map.nodes.with(at, next) };
  if (map.nodes.length === 1) return undefined;
  return { bits: map.bits ^ bit, nodes: map.nodes.toSpliced(at, 1) };
}

function indexOf(bits: number, bit: number): number {
  let before = bits & (bit - 1);
  let count = 0;
  while (before !== 0) {
    before &= before - 1;
    count += 1;
  }
  return count;
}

/** FNV-1a over UTF-16 code units, with its bits mixed. What is recorded depends on it: never change it. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++)
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
