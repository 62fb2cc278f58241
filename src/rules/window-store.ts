/**
 * What is kept of windows, as plain data that shares what didn't change. Sliding windows keep their samples, in chunks with their sums,
 * since each must leave by itself; the others only their sums.
 */
import type { PersistentMap } from "./persistent-map.js";
import type { Cause, Causes } from "./session.js";

/** A sample: its time, its value, the event that brought it, and its label. */
export type StoredSample = readonly [atMs: number, value: number, cause: Cause, label?: string];

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
  /** Two windows have become one. */
  | readonly [kind: string, id: string, what: "joined", into: string]
  | readonly [kind: string, id: string, what: "gone"]
  /** Taken over from a replay. */
  | readonly [kind: string, id: string, what: "chunk", chunk: Chunk]
  | readonly [kind: string, id: string, what: "sums", sums: WindowSums]
  | readonly [kind: string, id: string, what: "labels", labels: readonly string[]];
