/** What can go wrong with personal data. Nothing was written. */
import { TidemarkError, type ErrorDetails } from "../kernel/errors.js";

/** A master key is missing, or isn't the one that the keys are wrapped with. Give the right one; nothing was changed. */
export class MasterKeyError extends TidemarkError {
  readonly code = "master-key";
  readonly retryable = false;
  readonly masterKeyId: string;

  constructor(masterKeyId: string, problem: string, details?: ErrorDetails) {
    super(`Master key ${masterKeyId}: ${problem}`, details);
    this.masterKeyId = masterKeyId;
  }
}

/** A personal value was about to go where it would be readable for good. Nothing was written; change the definition that is named. */
export class PersonalDataError extends TidemarkError {
  readonly code = "personal-data";
  readonly retryable = false;

  constructor(place: string, remedy: string) {
    super(`${place} holds a personal value, and would show it in plain text: ${remedy}`);
  }
}
