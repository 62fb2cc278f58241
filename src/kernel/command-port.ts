/**
 * How whoever coordinates (sagas, rules) sends a command to an aggregate, here or in another service. The runtime decides
 * which way it takes; the answer is the same.
 */
import type { Message, RecordedEvent, Position, Version } from "./event.js";

/** Whom a command is for: an aggregate of this runtime, or a remote one. Both have this form. */
export interface CommandTarget<Command extends Message = Message, Event extends Message = Message> {
  readonly name: string;
  /** True where another service has it. */
  readonly remote?: boolean;
  /** Only for the compiler. */
  readonly types?: { readonly command: Command; readonly event: Event };
}

/** The commands that a target takes. */
export type CommandOf<Target extends CommandTarget> = NonNullable<Target["types"]>["command"];

/** What is said about a command on its way. */
export interface CommandSending {
  /** The same id again gives the recorded answer and does nothing else: what makes a retry safe. */
  readonly commandId: string;
  readonly timeoutMs: number;
  readonly correlationId?: string;
  readonly causationId?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
}

/** What became of a command. */
export type CommandAnswer =
  | {
      readonly status: "accepted";
      readonly version: Version;
      /** In the journal of whoever has the aggregate. */
      readonly position: Position;
      readonly events: readonly RecordedEvent[];
      readonly duplicate: boolean;
    }
  | { readonly status: "rejected"; readonly code: string; readonly details: unknown };

/** Sends commands. */
export interface CommandPort {
  /** @throws TidemarkError - Its `retryable` says whether the same command, with the same id, may be sent again. */
  ask(
    target: CommandTarget,
    entityId: string,
    command: Message,
    sending: CommandSending,
  ): Promise<CommandAnswer>;
}
