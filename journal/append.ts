/** Append as a promise over enqueue: the same for every journal. */
import type { AppendRequest, Commit, Journal } from "./journal.js";

export function appendAndWait(
  journal: Pick<Journal, "enqueue">,
  request: AppendRequest,
): Promise<Commit> {
  return new Promise((committed, failed) => {
    // What enqueue throws rejects the promise.
    journal.enqueue(request, { committed, failed });
  });
}
