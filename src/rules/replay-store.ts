/**
 * What a replay of history makes: states of sessions and firings, as rows of the view store, with the position that they reflect in
 * one transaction. So it needs no more memory than it is given, and goes on where it was after a restart. Alerts and commands of
 * a replay are nowhere in it: there is no way from here to anybody.
 *
 * ```
 * [prefix,"xp"]                              progress
 * [prefix,"xs", session]                     state of a session
 * [prefix,"xf", rule, session, atMs, n]      a firing: types of its alerts
 * ```
 */
import type { ViewKey, ViewStore, ViewWrite } from "../../journal/index.js";
import { under } from "../delivery/index.js";
import type { Position } from "../kernel/event.js";
import { handedOn } from "../kernel/provenance.js";
import type { FiringSample } from "./change-report.js";
import { NEW_SESSION, type SessionState } from "./session.js";

/** How far a replay is. */
export interface ReplayProgress {
  /** Of the version that is replayed; rows of another one are removed. */
  readonly version: number;
  readonly hash: string;
  /** Where it began. */
  readonly from: Position;
  readonly at: Position;
  readonly timeMs: number;
  readonly sessions: number;
  readonly failures: number;
  readonly failure?: string;
  /** Its firings are being held to what was recorded, and used up by that. */
  readonly reporting?: true;
}

const CACHED_MAX = 10_000;
const UNWRITTEN_MAX = 5_000;

export class ReplayStore {
  readonly #views: ViewStore;
  readonly #prefix: string;
  /** The least recently used first. */
  readonly #states = new Map<string, SessionState>();
  readonly #dirty = new Set<string>();
  /** By the text of their keys. */
  readonly #fired = new Map<string, ViewWrite>();
  #sessions = 0;

  constructor(views: ViewStore, prefix: string) {
    this.#views = views;
    this.#prefix = prefix;
  }

  progress(): ReplayProgress | undefined {
    const progress = this.#views.get("rows", this.#progressKey) as ReplayProgress | undefined;
    this.#sessions = progress?.sessions ?? 0;
    return progress;
  }

  /** Sessions so far. */
  get sessions(): number {
    return this.#sessions;
  }

  /** Whether what isn't written takes as much room as it may. */
  isFull(): boolean {
    return this.#dirty.size >= UNWRITTEN_MAX || this.#fired.size >= UNWRITTEN_MAX;
  }

  /** Undefined where the replay has no such session. */
  find(sessionId: string): SessionState | undefined {
    const cached = this.#states.get(sessionId);
    if (cached !== undefined) return cached;
    return this.#views.get("rows", this.#stateKey(sessionId)) as SessionState | undefined;
  }

  state(sessionId: string): SessionState {
    return this.find(sessionId) ?? NEW_SESSION;
  }

  put(sessionId: string, state: SessionState): void {
    if (this.find(sessionId) === undefined) this.#sessions += 1;
    this.#states.delete(sessionId);
    this.#states.set(sessionId, state);
    this.#dirty.add(sessionId);
  }

  /** A firing of the replay. */
  fired(rule: string, { sessionId, atMs, alerts }: FiringSample): void {
    for (let n = 0; ; n++) {
      const key: ViewKey = [this.#prefix, "xf", rule, sessionId, atMs, n];
      const text = key.join("\u0000");
      if (this.#fired.has(text) || this.#views.get("rows", key) !== undefined) continue;
      this.#fired.set(text, { table: "rows", key, value: alerts });
      return;
    }
  }

  /** Writes everything, with how far it is: all of it or nothing. */
  async flush(progress: ReplayProgress): Promise<void> {
    const writes: ViewWrite[] = [...this.#fired.values()];
    for (const sessionId of this.#dirty)
      writes.push(this.#stateWrite(sessionId, this.#states.get(sessionId)));
    writes.push({ table: "rows", key: this.#progressKey, value: progress });
    await this.#views.write(writes);
    this.#fired.clear();
    this.#dirty.clear();
    for (const sessionId of this.#states.keys()) {
      if (this.#states.size <= CACHED_MAX) break;
      this.#states.delete(sessionId);
    }
  }

  #stateWrite(sessionId: string, value: SessionState | undefined): ViewWrite {
    return handedOn(value, { table: "rows", key: this.#stateKey(sessionId), value });
  }

  /**
   * Takes one firing off the list that is that of a rule in a session at a moment; false where there is none. Everything was
   * flushed before; what is taken off is gone with the next flush.
   */
  takeFired(rule: string, { sessionId, atMs }: FiringSample): boolean {
    const range = under([this.#prefix, "xf", rule, sessionId, atMs]);
    for (const key of this.#views.keys("rows", range)) {
      const text = key.join("\u0000");
      if (this.#fired.has(text)) continue;
      this.#fired.set(text, { table: "rows", key, value: undefined });
      return true;
    }
    return false;
  }

  /** All firings that are on the list. Flushed before. */
  *firings(): Generator<FiringSample & { readonly rule: string }> {
    for (const { key, value } of this.#views.rows("rows", under([this.#prefix, "xf"]))) {
      const [, , rule, sessionId, atMs] = key as [string, string, string, string, number];
      yield { rule, sessionId, atMs, alerts: value as readonly string[] };
    }
  }

  /** Ids of all sessions, in order, behind one. Flushed before. */
  sessionIds(after: string | undefined, limit: number): string[] {
    const { from, before } = under([this.#prefix, "xs"]);
    const start: ViewKey = after === undefined ? from : this.#stateKey(`${after}\u0000`);
    const keys = this.#views.keys("rows", { from: start, before, limit });
    return [...keys].map((key) => key[2] as string);
  }

  /** A session has taken over its state. */
  async forget(sessionId: string): Promise<void> {
    this.#states.delete(sessionId);
    await this.#views.write([{ table: "rows", key: this.#stateKey(sessionId), value: undefined }]);
  }

  /** Removes everything. */
  async clear(): Promise<void> {
    this.#states.clear();
    this.#dirty.clear();
    this.#fired.clear();
    this.#sessions = 0;
    // Progress first: rows without it are removed by whoever comes next.
    await this.#views.write([{ table: "rows", key: this.#progressKey, value: undefined }]);
    await this.#views.removeRange("rows", under([this.#prefix, "xf"]));
    await this.#views.removeRange("rows", under([this.#prefix, "xs"]));
  }

  get #progressKey(): ViewKey {
    return [this.#prefix, "xp"];
  }

  #stateKey(sessionId: string): ViewKey {
    return [this.#prefix, "xs", sessionId];
  }
}
