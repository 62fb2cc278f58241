/** What a runtime is told about personal data. */
import { checkInteger, checkObject } from "../kernel/check.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import type { ForeignKeyOf } from "./foreign-keys.js";
import type { MasterKeys } from "./master-key.js";
import { PLACEHOLDERS, type Placeholders } from "./sealer.js";

/** The option `privacy` of a runtime. */
export interface PrivacyOptions {
  /** What the keys of subjects are wrapped with: `masterKeyFromEnvironment(…)`, or a function of yours. Without it nothing can be read. */
  readonly masterKey: MasterKeys;
  /** What is read instead of erased values, by their kind; text defaults to "[erased]", everything else to null. */
  readonly placeholders?: Partial<Placeholders>;
  /** Keys of other services, for values in their events and commands; without it placeholders are read. */
  readonly foreignKeys?: ForeignKeyOf;
  /** How long an answer of `foreignKeys` is used; defaults to 60,000. */
  readonly foreignKeyTtlMs?: number;
  /** Unwrapped keys in memory at the most; defaults to 10,000. */
  readonly keysCached?: number;
  /** Random bytes that nobody can guess: for tests. Defaults to those of the system. */
  readonly randomBytes?: (length: number) => Uint8Array;
}

/** @throws InvalidArgumentError - An option isn't valid. */
export function checkPrivacyOptions(options: PrivacyOptions): Placeholders {
  checkObject("privacy", options);
  const { masterKey, foreignKeyTtlMs = 0, keysCached = 1 } = options;
  if (typeof masterKey !== "function")
    throw new InvalidArgumentError("privacy.masterKey", "a function", masterKey);
  checkInteger("privacy.foreignKeyTtlMs", foreignKeyTtlMs, 0, 2 ** 31);
  checkInteger("privacy.keysCached", keysCached, 1, 10_000_000);
  for (const [kind, placeholder] of Object.entries(options.placeholders ?? {}))
    if (
      !Object.hasOwn(PLACEHOLDERS, kind) ||
      (typeof placeholder === "object" && (placeholder as unknown) !== null)
    )
      throw new InvalidArgumentError(
        `privacy.placeholders.${kind}`,
        `text, a number, a boolean or null, for one of ${Object.keys(PLACEHOLDERS).join(", ")}`,
        placeholder,
      );
  return Object.freeze({ ...PLACEHOLDERS, ...options.placeholders });
}
