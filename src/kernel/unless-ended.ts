/** After a failed write the journal refuses to be read: what else there is to see is wanted all the more. */
import { isOwnEnd } from "./errors.js";

/** What `look` sees; `otherwise` where the journal has come to its end. */
export function unlessEnded<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch (error) {
    if (isOwnEnd(error)) return otherwise;
    throw error;
  }
}
