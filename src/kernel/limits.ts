/**
 * The bounds of everything that enters. Each is checked before anything is written, with an error that names the
 * argument, the limit and the value.
 */
import { checkInteger, checkObject } from "./check.js";
import { InvalidArgumentError } from "./errors.js";

/** Bounds on what a caller may hand in. */
export interface Limits {
  /** Bytes of one event's encoded data. */
  readonly eventDataBytesMax: number;
  /** Bytes of a commit's encoded metadata (correlation, causation, headers). */
  readonly metadataBytesMax: number;
  /** Events in one commit, over all its streams. */
  readonly commitEventsMax: number;
  /** UTF-8 bytes of an id, a name or a type. */
  readonly idBytesMax: number;
  /** Bytes of one document of a view, about. */
  readonly documentBytesMax: number;
  /** Levels of arrays and objects within data. */
  readonly nestingDepthMax: number;
  /** Encoded bytes admitted to the journal and not yet on disk. Beyond it new work is refused. */
  readonly inFlightBytesMax: number;
  /**
   * How long a caller's command ids are known, in milliseconds back from the newest commit; the same id later is a new command.
   * Defaults to for ever (`Number.MAX_SAFE_INTEGER`). Ids that the runtime makes itself are always known.
   */
  readonly commandIdsKeptMs: number;
}

export const defaultLimits: Limits = Object.freeze({
  eventDataBytesMax: 256 * 1024,
  metadataBytesMax: 16 * 1024,
  commitEventsMax: 1_000,
  idBytesMax: 256,
  documentBytesMax: 1024 * 1024,
  nestingDepthMax: 32,
  inFlightBytesMax: 64 * 1024 * 1024,
  commandIdsKeptMs: Number.MAX_SAFE_INTEGER,
});

/**
 * The defaults with the caller's changes.
 *
 * @throws InvalidArgumentError - A limit is not a positive integer, or its name is not one of {@link Limits}.
 */
export function limitsOf(changes: Partial<Limits> | undefined): Limits {
  if (changes === undefined) return defaultLimits;
  checkObject("limits", changes);
  for (const [name, value] of Object.entries(changes)) {
    if (!Object.hasOwn(defaultLimits, name)) {
      throw new InvalidArgumentError(
        `limits.${name}`,
        `one of ${Object.keys(defaultLimits).join(", ")}`,
        value,
      );
    }
    checkInteger(`limits.${name}`, value, 1, Number.MAX_SAFE_INTEGER);
  }
  if ((changes.idBytesMax ?? 0) > defaultLimits.idBytesMax) {
    // Two ids and a name make one key of the store, whose keys end at 1,978 bytes.
    throw new InvalidArgumentError(
      "limits.idBytesMax",
      `at most ${defaultLimits.idBytesMax}`,
      changes.idBytesMax,
    );
  }
  return Object.freeze({ ...defaultLimits, ...changes });
}
