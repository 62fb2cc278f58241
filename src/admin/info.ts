/** What a runtime is, and what it was opened with. */
import type { Position } from "../kernel/event.js";

/** What runs here, and on what. */
export interface Info {
  readonly tidemark: string;
  readonly storeId: string;
  readonly service?: string;
  readonly directory?: string;
  readonly format: number;
  readonly node: string;
  readonly pid: number;
  readonly openedAtMs: number;
  readonly readOnly: boolean;
  readonly head: Position;
  readonly lastRecordedAtMs?: number;
  readonly diskBytes: Readonly<Record<string, number>>;
  readonly aggregates: readonly {
    readonly name: string;
    readonly eventTypes: readonly string[];
    readonly commandTypes: readonly string[];
    /** Whether its definition gives a summary, which `compact` needs. */
    readonly summarized: boolean;
  }[];
  readonly projections: readonly {
    readonly name: string;
    readonly version: number;
    readonly collections: readonly string[];
  }[];
  readonly reactors: readonly string[];
  readonly externals: readonly string[];
  readonly sagas: readonly { readonly name: string; readonly version: number }[];
  readonly ruleSets: readonly { readonly name: string; readonly version: number }[];
  readonly remotes: readonly string[];
  /** Whether it was opened with `privacy`, which `forget` and `rotateKeys` need. */
  readonly privacy: boolean;
  /** What whoever asks may do. */
  readonly may: { readonly change: boolean; readonly payloads: boolean };
}
