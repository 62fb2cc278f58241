/**
 * Takes forgotten command ids out of the index, behind the tail that was written. Which they are is a function of the log
 * (`src/kernel/command-ids.ts`) and asked again at each look-up: when their rows go makes no difference to anybody.
 */
import type { Position } from "../../src/kernel/event.js";
import { isForgettable } from "../../src/kernel/command-ids.js";
import { eventCountOf } from "../record.js";
import type { IndexStore } from "./index-store.js";
import type { LogFile } from "./log-file.js";
import { loggedRecordsOf } from "./log-row.js";
import type { Breather } from "./write-batches.js";

/** Commits looked at in one transaction. */
const TURN_COMMITS = 512;
/** At one go, so that closing doesn't wait for all of a log of which less is kept than before. */
const COMMITS_MAX = 131_072;

export class CommandPruner {
  readonly #log: LogFile;
  readonly #store: IndexStore;
  readonly #keptMs: number;

  constructor(log: LogFile, store: IndexStore, keptMs: number) {
    this.#log = log;
    this.#store = store;
    this.#keptMs = keptMs;
  }

  /** @param indexedTo - Ids of later commits aren't in the persisted index yet. */
  async prune(indexedTo: Position, breather: Breather): Promise<void> {
    if (this.#keptMs === Number.MAX_SAFE_INTEGER) return;
    const newest = this.#log.last()?.recordedAtMs ?? 0;
    let next = this.#store.commandsFrom();
    for (let looked = 0; looked < COMMITS_MAX && next <= indexedTo; looked += TURN_COMMITS) {
      const turn = this.#turn(next, indexedTo, newest - this.#keptMs);
      if (turn.next === next) return;
      next = turn.next;
      await this.#store.forgetCommands(turn.commandIds, next);
      await breather.pause();
    }
  }

  /** Ids to be dropped of the next commits, and the position behind those. */
  #turn(from: Position, upTo: Position, beforeMs: number) {
    const commandIds: string[] = [];
    let next = from;
    let looked = 0;
    for (const row of this.#log.rowsFrom(from, upTo)) {
      for (const { record, address } of loggedRecordsOf(row)) {
        if (record.position < from) continue;
        if (record.recordedAtMs >= beforeMs || looked === TURN_COMMITS) return { commandIds, next };
        const { commandId } = record;
        // A forgotten id that was used again stands for the later commit.
        const isOwn = commandId !== undefined && this.#store.command(commandId) === address;
        if (isOwn && isForgettable(commandId)) commandIds.push(commandId);
        next = record.position + eventCountOf(record);
        looked += 1;
      }
    }
    return { commandIds, next };
  }
}
