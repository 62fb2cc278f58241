/**
 * Reading pages of the whole journal. Without a filter rows are decoded one after the other. With one the index says where
 * the records stand; where it names many of those there are, a scan that decodes whole rows and passes over what doesn't match
 * is cheaper, and goes on for as long as enough matches.
 *
 * ```
 * matching    . . x . . . . . x . . x x x . x x x x . x x . . . . . x . . . .
 * read by     index           scan from here  ->          index
 * ```
 *
 * So a page costs about as much as it has events, however many lie between them.
 */
import type { Position } from "../../src/kernel/event.js";
import { JournalCorruptedError } from "../errors.js";
import type { EventFilter, Page, PageOptions } from "../journal.js";
import type { JournalIndex } from "./journal-index.js";
import type { LogFile } from "./log-file.js";
import { addressOf, rowPositionOf, type LogRow, type RecordAddress } from "./log-row.js";
import { PageDraft } from "./page-draft.js";

/** Addresses looked at before it is decided how to read what they name. */
const LOOK_AHEAD = 32;
/** Positions scanned before it is decided whether to go on. */
const WINDOW_POSITIONS = 256;
/** Of so many positions one must match for a scan to be cheaper: measured with 1 event a commit of about 155 bytes. */
const DENSE_POSITIONS_MAX = 2;

export class PageReader {
  readonly #storeId: string;
  readonly #log: LogFile;
  readonly #index: JournalIndex;
  /** Where a page by this filter ended in the middle of a scan: the next one goes on with it, and asks no index. */
  readonly #scanning = new WeakMap<EventFilter, Position>();

  constructor(storeId: string, log: LogFile, index: JournalIndex) {
    this.#storeId = storeId;
    this.#log = log;
    this.#index = index;
  }

  page(options: PageOptions, head: Position): Page {
    const { after, filter } = options;
    const upTo = Math.min(options.upTo ?? head, head);
    if (after >= upTo) return { events: [], scannedTo: after };
    const draft = new PageDraft(this.#storeId, options, upTo);
    if (filter?.eventTypes === undefined && filter?.streamTypes === undefined)
      this.#scan(draft, draft.next);
    else this.#collectFiltered(draft, filter);
    return draft.page();
  }

  #collectFiltered(draft: PageDraft, filter: EventFilter): void {
    let mayScan = true;
    let dense = this.#scanning.get(filter) === draft.next ? draft.next : undefined;
    this.#scanning.delete(filter);
    while (!draft.isFull() && draft.next <= draft.upTo) {
      dense ??= this.#collectByIndex(draft, filter, mayScan);
      if (dense === undefined) return;
      try {
        if (this.#scan(draft, dense, filter)) this.#scanning.set(filter, draft.next);
      } catch (error) {
        // The damage may be in what doesn't match, which is nothing to this reader. The index tells.
        if (!(error instanceof JournalCorruptedError)) throw error;
        mayScan = false;
      }
      dense = undefined;
    }
  }

  /** Goes by index to the end of the page; or, if it may, to where matches lie dense, and returns that position. */
  #collectByIndex(draft: PageDraft, filter: EventFilter, mayScan: boolean): Position | undefined {
    // The next position may be in the middle of a row, which is indexed under its first position.
    const begin = addressOf(this.#log.rowPositionOf(draft.next), 0);
    let ahead: RecordAddress[] = [];
    for (const address of this.#index.filteredAddresses(filter, begin)) {
      if (rowPositionOf(address) > draft.upTo) break;
      ahead.push(address);
      if (ahead.length < LOOK_AHEAD) continue;
      const first = rowPositionOf(ahead[0] as RecordAddress);
      if (mayScan && isDense(LOOK_AHEAD, rowPositionOf(address) - first)) return first;
      const lengthBefore = draft.length;
      this.#collectAt(draft, ahead);
      if (draft.isFull()) return undefined;
      // A record that is named may hold many matches.
      if (mayScan && isDense(draft.length - lengthBefore, draft.next - first)) return draft.next;
      ahead = [];
    }
    this.#collectAt(draft, ahead);
    return undefined;
  }

  #collectAt(draft: PageDraft, addresses: readonly RecordAddress[]): void {
    let row: LogRow | undefined;
    for (const address of addresses) {
      if (draft.isFull()) return;
      const position = rowPositionOf(address);
      if (row?.position !== position) row = this.#log.row(position);
      draft.collect(this.#log.record(address, row));
    }
  }

  /**
   * Decodes rows from the one that holds `from` on: to the end of the page or, with a filter, of what is dense.
   *
   * @returns Whether what was looked at last is dense.
   */
  #scan(draft: PageDraft, from: Position, filter?: EventFilter): boolean {
    let windowFrom = Math.max(from, draft.next);
    let lengthBefore = draft.length;
    const windowIsDense = () => isDense(draft.length - lengthBefore, draft.next - windowFrom);
    for (const records of this.#log.recordsFrom(from, draft.upTo)) {
      for (const record of records) draft.collect(record);
      if (draft.isFull()) break;
      if (filter === undefined || draft.next - windowFrom < WINDOW_POSITIONS) continue;
      if (!windowIsDense()) return false;
      windowFrom = draft.next;
      lengthBefore = draft.length;
    }
    return windowIsDense();
  }
}

function isDense(matches: number, positions: number): boolean {
  return positions <= DENSE_POSITIONS_MAX * matches;
}
