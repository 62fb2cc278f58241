/**
 * What is kept of windows, as plain data that shares what didn't change. Sliding windows keep their samples, in chunks with their sums,
 * since each must leave by itself; the others only their sums.
 */
import { mergedCauses, withCause } from "./causes.js";
import { EMPTY_MAP, mapForEach, mapGet, mapSet, type PersistentMap } from "./persistent-map.js";
import type { Cause, Causes } from "./cause.js";

/** A sample: its time, its value, the event that brought it, and its label. */
export type StoredSample = readonly [
  atMs: number,
  value: number,
  cause: Cause | null,
  label?: string,
];

/** Samples in order of time, with their sums. */
export interface Chunk {
  readonly samples: readonly StoredSample[];
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

export interface SlidingSamples {
  readonly chunks: readonly Chunk[];
  readonly count: number;
}

export interface WindowSums extends Causes {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly labels?: PersistentMap<1>;
  readonly distinct?: number;
}

export type StoredWindow = SlidingSamples | WindowSums;

/** A change of a window, in the order of changes; kind and id first. */
export type WindowChange =
  | readonly [kind: string, id: string, what: "sample", sample: StoredSample]
  /** So many of the oldest samples have left. */
  | readonly [kind: string, id: string, what: "left", count: number]
  /** A sample was added to a window of these bounds. */
  | readonly [
      kind: string,
      id: string,
      what: "sum",
      sample: StoredSample,
      fromMs: number,
      toMs: number,
    ]
  /** It is part of another one now. */
  | readonly [kind: string, id: string, what: "joined", into: string]
  | readonly [kind: string, id: string, what: "gone"]
  /** Taken over from a replay. */
  | readonly [kind: string, id: string, what: "chunk", chunk: Chunk]
  | readonly [kind: string, id: string, what: "sums", sums: WindowSums]
  | readonly [kind: string, id: string, what: "labels", labels: readonly string[]];

const CHUNK_MAX = 32;
const NO_SAMPLES: SlidingSamples = Object.freeze({ chunks: Object.freeze([]), count: 0 });

export function isSliding(window: StoredWindow): window is SlidingSamples {
  return "chunks" in window;
}

/**
 * A window after a change of it; undefined where it is gone.
 */
export function changedWindow(
  before: StoredWindow | undefined,
  change: WindowChange,
): StoredWindow | undefined {
  switch (change[2]) {
    case "sample":
      return withSample((before as SlidingSamples | undefined) ?? NO_SAMPLES, change[3]);
    case "left":
      return withoutOldest(before as SlidingSamples, change[3]);
    case "sum":
      return withSum(before as WindowSums | undefined, change[3], change[4], change[5]);
    case "chunk": {
      const { chunks, count } = (before as SlidingSamples | undefined) ?? NO_SAMPLES;
      return { chunks: [...chunks, change[3]], count: count + change[3].samples.length };
    }
    case "sums":
      return change[3];
    case "labels":
      return withLabels(before as WindowSums, change[3]);
    case "joined":
    case "gone":
      return undefined;
  }
}

/** A session window that two others have become. */
export function joinedSums(a: WindowSums, b: WindowSums): WindowSums {
  let joined: WindowSums = {
    count: a.count + b.count,
    sum: a.sum + b.sum,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    firstAtMs: Math.min(a.firstAtMs, b.firstAtMs),
    lastAtMs: Math.max(a.lastAtMs, b.lastAtMs),
    fromMs: Math.min(a.fromMs, b.fromMs),
    toMs: Math.max(a.toMs, b.toMs),
    ...mergedCauses([a, b]),
    ...(a.labels === undefined ? {} : { labels: a.labels, distinct: a.distinct ?? 0 }),
  };
  if (b.labels !== undefined) joined = withLabels(joined, labelsOf(b.labels));
  return joined;
}

export function labelsOf(labels: PersistentMap<1>): readonly string[] {
  const all: string[] = [];
  mapForEach(labels, (label) => all.push(label));
  return all;
}

export function oldestOf({ chunks }: SlidingSamples): StoredSample | undefined {
  return chunks[0]?.samples[0];
}

/** How many of the samples are this old, or older. */
export function countAged({ chunks }: SlidingSamples, ageMs: number, nowMs: number): number {
  let count = 0;
  for (const { samples } of chunks)
    for (const sample of samples) {
      if (sample[0] + ageMs > nowMs) return count;
      count += 1;
    }
  return count;
}

/** So many of the oldest. */
export function oldestSamples({ chunks }: SlidingSamples, count: number): readonly StoredSample[] {
  const oldest: StoredSample[] = [];
  for (const { samples } of chunks) {
    if (oldest.length >= count) break;
    oldest.push(...samples.slice(0, count - oldest.length));
  }
  return oldest;
}

/** So many of the newest, in order of time. */
export function newestSamples({ chunks }: SlidingSamples, count: number): readonly StoredSample[] {
  let newest: readonly StoredSample[] = [];
  for (let index = chunks.length - 1; index >= 0 && newest.length < count; index--) {
    const samples = chunks[index]?.samples ?? [];
    newest = [...samples.slice(-(count - newest.length)), ...newest];
  }
  return newest;
}

function chunkOf(samples: readonly StoredSample[]): Chunk {
  let sum = 0;
  let min = Infinity;
  let max = -Infinity;
  for (const [, value] of samples) {
    sum += value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { samples, sum, min, max };
}

/** In order of time; behind those of the same moment. */
function withSample({ chunks, count }: SlidingSamples, sample: StoredSample): SlidingSamples {
  let at = chunks.length - 1;
  while (at > 0 && firstMsOf(chunks[at] as Chunk) > sample[0]) at -= 1;
  const chunk = chunks[at];
  if (chunk === undefined) return { chunks: [chunkOf([sample])], count: 1 };
  let place = chunk.samples.length;
  while (place > 0 && (chunk.samples[place - 1] as StoredSample)[0] > sample[0]) place -= 1;
  const isFull = chunk.samples.length >= CHUNK_MAX;
  if (isFull && place === CHUNK_MAX && at === chunks.length - 1)
    return { chunks: [...chunks, chunkOf([sample])], count: count + 1 };
  const samples = chunk.samples.toSpliced(place, 0, sample);
  const half = CHUNK_MAX / 2;
  const parts = isFull ? [samples.slice(0, half), samples.slice(half)] : [samples];
  return { chunks: chunks.toSpliced(at, 1, ...parts.map(chunkOf)), count: count + 1 };
}

function firstMsOf({ samples }: Chunk): number {
  return (samples[0] as StoredSample)[0];
}

function withoutOldest(
  { chunks, count }: SlidingSamples,
  dropped: number,
): SlidingSamples | undefined {
  if (dropped >= count) return undefined;
  let left = dropped;
  let whole = 0;
  for (let chunk = chunks[0]; chunk !== undefined; chunk = chunks[whole]) {
    if (left < chunk.samples.length) break;
    left -= chunk.samples.length;
    whole += 1;
  }
  const rest = chunks.slice(whole);
  const [first] = rest;
  if (left > 0 && first !== undefined) rest[0] = chunkOf(first.samples.slice(left));
  return { chunks: rest, count: count - dropped };
}

function withSum(
  before: WindowSums | undefined,
  [atMs, value, cause, label]: StoredSample,
  fromMs: number,
  toMs: number,
): WindowSums {
  const after: WindowSums =
    before === undefined
      ? {
          count: 1,
          sum: value,
          min: value,
          max: value,
          firstAtMs: atMs,
          lastAtMs: atMs,
          fromMs,
          toMs,
          causes: cause === null ? [] : [cause],
        }
      : {
          ...before,
          count: before.count + 1,
          sum: before.sum + value,
          min: Math.min(before.min, value),
          max: Math.max(before.max, value),
          firstAtMs: Math.min(before.firstAtMs, atMs),
          lastAtMs: Math.max(before.lastAtMs, atMs),
          fromMs,
          toMs,
          ...withCause(before, cause),
        };
  return label === undefined ? after : withLabels(after, [label]);
}

function withLabels(sums: WindowSums, added: readonly string[]): WindowSums {
  let { labels = EMPTY_MAP, distinct = 0 } = sums;
  for (const label of added) {
    if (mapGet(labels, label) !== undefined) continue;
    labels = mapSet(labels, label, 1);
    distinct += 1;
  }
  return { ...sums, labels, distinct };
}
