/** How documents are asked for. */
import type { Position } from "../kernel/event.js";
import type { Indexes, IndexValue } from "./collection.js";

/** How long to wait, and for what, before a view is read. */
export interface ReadOptions {
  /** Waits until the view reflects this position: give the one that a command was answered with. */
  readonly atLeast?: Position;
  /** Waits until the view reflects everything that is durable when the call is made. */
  readonly fresh?: boolean;
  /** How long to wait for it; defaults to 5 s. */
  readonly timeoutMs?: number;
}

/** A document with its id. */
export interface Entry<Document> {
  readonly id: string;
  readonly document: Document;
}

/** Some documents, in order. */
export interface DocumentPage<Document> {
  readonly entries: readonly Entry<Document>[];
  /** Where the next page begins; undefined at the end. Stays good while documents come and go, and in a new generation. */
  readonly next: Cursor | undefined;
}

/** The place between two documents of one order. Opaque text. */
export type Cursor = string;

/** Which page of the documents found. */
export interface PageQuery {
  /** Defaults to `"ascending"`. */
  readonly order?: "ascending" | "descending";
  /** Documents at the most; 1 to 10,000, defaults to 100. */
  readonly limit?: number;
  /** The `next` of the page before, with an otherwise equal query. */
  readonly after?: Cursor;
}

/** Which ids. Bounds are inclusive; ids sort by their UTF-8 bytes. */
export interface IdRange {
  readonly from?: string;
  readonly upTo?: string;
  /** Ids that begin with it; instead of the bounds. */
  readonly prefix?: string;
}

/** The values of the first fields of an index. */
export type LeadingValues<Values extends readonly IndexValue[]> = Values extends readonly [
  ...infer Rest,
  unknown,
]
  ? | Values
    | (Rest extends readonly []
        ? never
        : Rest extends readonly IndexValue[]
          ? LeadingValues<Readonly<Rest>>
          : never)
  : never;

/**
 * Which documents of an index: those whose first fields equal `equals`, and whose next field lies between the bounds or
 * begins with the prefix. Nothing given means all of them. They come in order of the index's values, then of their ids.
 */
export interface IndexRange<Values extends readonly IndexValue[]> {
  /** The first field's value, or those of the first several fields. */
  readonly equals?: Values[0] | LeadingValues<Values>;
  /** Inclusive, of the field behind those given by `equals`. */
  readonly from?: Values[number];
  /** Inclusive, of the field behind those given by `equals`. */
  readonly upTo?: Values[number];
  /** Of the field behind those given by `equals`, which holds text; instead of the bounds. */
  readonly prefix?: string;
}

/** Reading one collection as of one position. */
export interface CollectionReader<Document, Found extends Indexes = Indexes> {
  /** Frozen; undefined where there is none. */
  get(id: string): Document | undefined;
  /** In the order of the ids given. */
  getMany(ids: readonly string[]): (Document | undefined)[];
  /** By id. */
  list(query?: IdRange & PageQuery): DocumentPage<Document>;
  /** By an index. A document that stands in the index several times within the range comes several times. */
  find<Name extends keyof Found & string>(
    index: Name,
    query?: IndexRange<Found[Name]> & PageQuery,
  ): DocumentPage<Document>;
  /** How many documents there are. */
  count(range?: IdRange): number;
  /** How many entries of an index lie in the range. */
  countBy<Name extends keyof Found & string>(index: Name, range?: IndexRange<Found[Name]>): number;
}
