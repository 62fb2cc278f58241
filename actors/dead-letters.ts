/** Where a told command ends that nobody waits for: the newest are kept to be looked at, all are counted and logged. */
import type { Clock } from "../src/kernel/clock.js";
import type { Logger } from "../src/kernel/log.js";
import type { Message } from "../src/kernel/event.js";
import type { StreamId } from "../src/kernel/ids.js";
import { loggedCode } from "./command-figures.js";
import type { Rejected } from "./decision.js";

/** A command that was told, and refused or failed: nobody waited for its answer. */
export interface DeadLetter {
  readonly streamId: StreamId;
  readonly command: Message;
  readonly commandId: string | undefined;
  readonly atMs: number;
  /** Why: the refusal of `decide`, or the error. */
  readonly reason: Rejected | Error;
}

const KEPT_MAX = 1_000;

export class DeadLetters {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #kept: DeadLetter[] = [];
  count = 0;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  add(letter: Omit<DeadLetter, "atMs">): void {
    this.count += 1;
    this.#kept.push({ ...letter, atMs: this.#clock.nowMs() });
    if (this.#kept.length >= KEPT_MAX * 2) this.#kept = this.#kept.slice(-KEPT_MAX);
    const { streamId, command, commandId, reason } = letter;
    const fields = {
      streamId,
      commandType: command.type,
      commandId,
      reason: reason instanceof Error ? reason : loggedCode(reason.code),
    };
    this.#logger.warn(fields, "a told command failed");
  }

  /** Somebody was forgotten, and nobody can tell whose values are in commands that failed. */
  clear(): void {
    this.#kept = [];
  }

  /** The newest 1,000, oldest first. */
  list(): readonly DeadLetter[] {
    return this.#kept.slice(-KEPT_MAX);
  }
}
