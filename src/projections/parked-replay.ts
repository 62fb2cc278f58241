/** What an operator does with parked events, once the handler is mended: handle them again in order, or forget them. */
import type { ViewWrite } from "../../journal/index.js";
import { asError } from "../kernel/errors.js";
import type { Position } from "../kernel/event.js";
import { handedOn } from "../kernel/provenance.js";
import { HandlerFailedError } from "./errors.js";
import type { ParkedEvent, Parking } from "./parking.js";

/** What came of a replay of parked events. */
export interface ReplayResult {
  /** Events handled, and no longer parked. */
  readonly replayed: number;
  /** The one that failed again: it and those behind it stay parked. */
  readonly failed: ParkedEvent | undefined;
}

/** The reader whose events are parked; held while this works. */
export interface ReplayPorts {
  readonly parking: Parking;
  readonly apply: (position: Position) => Promise<void>;
  /** Forgets what was applied since the last flush. */
  readonly reset: () => void;
  /** Writes what was applied, of this key, and these rows. */
  readonly flush: (writes: readonly ViewWrite[], key: string) => Promise<void>;
}

/** So many were applied; the next one failed, where there is an error. */
interface Applied {
  readonly done: number;
  readonly error?: Error;
}

const EVENTS_AT_ONCE = 500;

export class ParkedReplay {
  readonly #ports: ReplayPorts;

  constructor(ports: ReplayPorts) {
    this.#ports = ports;
  }

  async replay(key: string): Promise<ReplayResult> {
    let replayed = 0;
    for (;;) {
      const parked = this.#ports.parking.list({ key, limit: EVENTS_AT_ONCE });
      if (parked.length === 0) return { replayed, failed: undefined };
      const { done, failed } = await this.#replaySome(key, parked);
      replayed += done;
      if (failed !== undefined) return { replayed, failed };
    }
  }

  async #replaySome(
    key: string,
    parked: readonly ParkedEvent[],
  ): Promise<{ done: number; failed: ParkedEvent | undefined }> {
    const applied = await this.#apply(parked);
    try {
      return await this.#write(key, parked, applied);
    } catch (error) {
      this.#ports.reset();
      // Some units learn only while writing which event fails. What stands before it is done again.
      if (!(error instanceof HandlerFailedError)) throw error;
      const failedAt = parked.findIndex(({ position }) => position === error.position);
      if (failedAt < 0) throw error;
      const again = await this.#apply(parked.slice(0, failedAt));
      return await this.#write(key, parked, { error: asError(error.cause), ...again }).catch(
        (failure: unknown) => {
          this.#ports.reset();
          throw failure;
        },
      );
    }
  }

  async #write(
    key: string,
    parked: readonly ParkedEvent[],
    { done, error }: Applied,
  ): Promise<{ done: number; failed: ParkedEvent | undefined }> {
    const { parking, flush } = this.#ports;
    const writes = parked.slice(0, done).map((event) => parking.removalOf(event));
    const at = parked[done];
    const failed =
      at === undefined || error === undefined
        ? undefined
        : handedOn(error, {
            ...at,
            queued: false,
            error: error.message,
            attempts: at.attempts + 1,
          });
    if (failed !== undefined) writes.push(parking.writeOf(failed));
    await flush(writes, key);
    parking.removed(key, done);
    return { done, failed };
  }

  /** Applies as many as succeed; what a failure spoilt is done again without the one that failed. */
  async #apply(parked: readonly ParkedEvent[]): Promise<Applied> {
    const { apply, reset } = this.#ports;
    for (let at = 0; at < parked.length; at++) {
      try {
        await apply((parked[at] as ParkedEvent).position);
      } catch (error) {
        reset();
        for (const { position } of parked.slice(0, at)) await apply(position);
        const cause = asError(error instanceof HandlerFailedError ? error.cause : error);
        return { done: at, error: handedOn(error, cause) };
      }
    }
    return { done: parked.length };
  }

  /** One event of a key, or all of them. Returns how many. */
  async discard(key: string, position: Position | undefined): Promise<number> {
    const { parking, flush } = this.#ports;
    let discarded = 0;
    for (;;) {
      const found = parking.list({
        key,
        ...(position === undefined ? { limit: EVENTS_AT_ONCE } : {}),
      });
      const parked = found.filter((event) => (position ?? event.position) === event.position);
      if (parked.length === 0) return discarded;
      await flush(
        parked.map((event) => parking.removalOf(event)),
        key,
      );
      parking.removed(key, parked.length);
      discarded += parked.length;
    }
  }
}
