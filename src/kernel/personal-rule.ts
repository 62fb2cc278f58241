/** One personal field of one type of event, ready to be looked for. */
import type { Placeholder } from "./sealed.js";

export interface PersonalRule {
  /** From the data to what `subjectOf` is told. */
  readonly scope: readonly string[];
  readonly subjectOf: (part: unknown, entityId: string, data: unknown) => unknown;
  /** From there to the value. */
  readonly path: readonly string[];
  readonly placeholder: Placeholder | undefined;
}
