import { TidemarkError } from "../kernel/errors.js";

/**
 * The rows of a view contradict each other. Nothing was read. The journal isn't concerned: rebuild the projection, and the
 * view is made anew from it.
 */
export class ViewCorruptedError extends TidemarkError {
  readonly code = "view-corrupted";
  readonly retryable = false;

  constructor(
    readonly collection: string,
    readonly problem: string,
  ) {
    super(`collection ${collection} is damaged: ${problem}; rebuild the projection`);
  }
}
