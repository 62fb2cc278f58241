/**
 * The operations of one runtime, carried out for whoever may: the input is checked, who may only read is refused what changes
 * something, and what changes something is recorded before it is done, and how it ended after.
 */
import { asError } from "../kernel/errors.js";
import { AdminLog } from "./admin-log.js";
import type { Administered } from "./administered.js";
import type { AdminClient, InputOf, OperationName, OutputOf } from "./api.js";
import type { Reason } from "./operation-shapes.js";
import type { Caller } from "./caller.js";
import {
  AdminError,
  DefinitionsNeededError,
  OperationForbiddenError,
  OwnerNeededError,
  UnknownOperationError,
} from "./errors.js";
import { readFields } from "./fields.js";
import type { OperationContext, OperationEntry } from "./operation.js";
import { operationNamed } from "./operations.js";
import { countsOf } from "./overview-operations.js";
import { Sampler } from "./sampler.js";
import { HIDDEN_TEXT } from "./told.js";

export class AdminService {
  readonly parts: Administered;
  readonly #log: AdminLog;
  readonly #sampler: Sampler;
  readonly #closing = new AbortController();

  constructor(parts: Administered) {
    this.parts = parts;
    this.#log = new AdminLog(parts.journal);
    this.#sampler = new Sampler(parts.clock, () => countsOf(parts));
  }

  /**
   * Carries out one operation.
   *
   * @param input - Checked here; it may come from anywhere.
   * @throws UnknownOperationError, InvalidArgumentError, OperationForbiddenError, DefinitionsNeededError, OwnerNeededError - Nothing
   *   was done or recorded.
   * @throws What the part throws that does it.
   */
  async call(
    operation: string,
    input: unknown,
    caller: Caller,
    signal?: AbortSignal,
  ): Promise<unknown> {
    const entry = operationNamed(operation);
    if (entry === undefined) throw new UnknownOperationError(operation);
    if (entry.changes === true && !caller.change) throw new OperationForbiddenError(operation);
    const { definitions, readOnly } = this.parts;
    if (readOnly && (entry.changes === true || entry.live === true))
      throw new OwnerNeededError(operation);
    if (definitions === undefined && entry.raw !== true)
      throw new DefinitionsNeededError(operation);
    const read = readFields(entry.fields, input);
    const context = this.#contextOf(caller, read, signal);
    try {
      return entry.changes === true
        ? await this.#recorded(operation, entry, context, read)
        : await entry.run(context, read);
    } catch (error) {
      throw shownTo(caller, asError(error));
    }
  }

  /** A client for somebody in this process. */
  client(caller: Caller): AdminClient {
    const call = async <Name extends OperationName>(
      operation: Name,
      input: InputOf<Name>,
      { by, signal }: { readonly by?: string; readonly signal?: AbortSignal } = {},
    ) => {
      const as = by === undefined ? caller : { ...caller, by };
      return (await this.call(operation, input, as, signal)) as OutputOf<Name>;
    };
    return { call, close: () => Promise.resolve() };
  }

  /** Whoever waits for something to happen waits no more. */
  close(): void {
    this.#closing.abort();
    this.#sampler.close();
  }

  #contextOf(caller: Caller, input: unknown, signal: AbortSignal | undefined): OperationContext {
    const { by } = caller;
    const { reason } = input as Reason;
    const closing = this.#closing.signal;
    return {
      parts: this.parts,
      sampler: this.#sampler,
      caller,
      actor: { ...(by === undefined ? {} : { by }), ...(reason === undefined ? {} : { reason }) },
      signal: signal === undefined ? closing : AbortSignal.any([signal, closing]),
    };
  }

  /** A crash in between leaves an action without an end. */
  async #recorded(
    operation: string,
    entry: OperationEntry<OperationName>,
    context: OperationContext,
    given: InputOf<OperationName>,
  ): Promise<unknown> {
    const { actor, caller } = context;
    const { reason: _reason, ...input } = (entry.recorded?.(given) ?? given) as Reason;
    const at = await this.#log.begin({ operation, input, via: caller.via, ...actor });
    try {
      const output = await entry.run(context, given);
      await this.#ended(operation, () => this.#log.done(at));
      return output;
    } catch (error) {
      await this.#ended(operation, () => this.#log.failed(at, codeOf(error)));
      throw error;
    }
  }

  /** It was done, whether or not that can be recorded. */
  async #ended(operation: string, record: () => Promise<void>): Promise<void> {
    try {
      await record();
    } catch (error) {
      this.parts.logger.warn({ operation, error }, "how an operation ended wasn't recorded");
    }
  }
}

function codeOf(error: unknown): string {
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" ? code : "unexpected-error";
}

/** Codes of errors whose messages hold nothing but names and what the caller gave. */
const OWN_WORDS = new Set([
  "invalid-argument",
  "not-found",
  "operation-refused",
  "operation-rejected",
  "definitions-needed",
  "owner-needed",
]);

/** What somebody's code threw may quote a payload. */
function shownTo({ payloads }: Caller, error: Error): Error {
  const code = codeOf(error);
  if (payloads || OWN_WORDS.has(code)) return error;
  const { retryable } = error as { readonly retryable?: unknown };
  return new AdminError(code, HIDDEN_TEXT, retryable === true);
}
