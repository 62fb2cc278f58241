/** A command's span, and within it that of its commit, whose context is recorded with the events: what handles them goes on from there. */
import { tracedMetadata, type Commit } from "../journal/index.js";
import type { Message, Metadata, RecordedEvent } from "../src/kernel/event.js";
import type { Limits } from "../src/kernel/limits.js";
import { errorType, traceOf, type Span, type Tracer } from "../src/kernel/tracer.js";
import { loggedCode } from "./command-figures.js";
import type { Answer, DryRunAccepted } from "./decision.js";

/** A call, as far as a trace tells of it. */
interface TracedCall {
  readonly streamId: string;
  readonly command: Message;
  readonly options: { readonly metadata?: Metadata | undefined };
}

interface TracePorts {
  readonly limits: Limits;
  /** Names of sagas and rule sets. */
  readonly coordinators?: ReadonlySet<string>;
}

/**
 * The trace of a command that is recorded; undefined for all others. It goes on from what its headers say, else from where the caller
 * is, else from the event that led to it. What something led to that isn't traced isn't traced either: whether
 * a trace is recorded is decided once, where it begins.
 */
export function beginTrace(
  tracer: Tracer,
  ports: TracePorts,
  name: string,
  call: TracedCall,
  causedBy: RecordedEvent | undefined,
): CallTrace | undefined {
  const { metadata } = call.options;
  const given = traceOf(metadata?.headers);
  const active = given ?? tracer.active();
  const parent = active ?? traceOf(causedBy?.headers);
  const isStep = ports.coordinators?.has(name) === true;
  // Nobody is there to begin one for.
  if (parent === undefined && (isStep || metadata?.causationId !== undefined)) return undefined;
  const attributes = { "tidemark.stream": call.streamId, "tidemark.command": call.command.type };
  const text = isStep ? `step ${name}` : `${name} ${call.command.type}`;
  // Where the caller is inside something, the tracer knows that better than its context says.
  const span = tracer.start(
    text,
    "internal",
    attributes,
    given ?? (active === undefined ? parent : undefined),
  );
  return span === undefined ? undefined : new CallTrace(tracer, ports.limits, name, span);
}

export class CallTrace {
  readonly #tracer: Tracer;
  readonly #limits: Limits;
  readonly #name: string;
  readonly #span: Span;
  #commit: Span | undefined;

  constructor(tracer: Tracer, limits: Limits, name: string, span: Span) {
    this.#tracer = tracer;
    this.#limits = limits;
    this.#name = name;
    this.#span = span;
  }

  /** Its commit is about to be admitted. What is recorded of where it comes from, so that others go on from it. */
  committing(metadata: Metadata | undefined): Metadata | undefined {
    this.#commit?.end({ "tidemark.outcome": "refused" });
    const attributes = {
      "db.system.name": "tidemark",
      "db.operation.name": "commit",
      "db.collection.name": this.#name,
    };
    this.#commit = this.#tracer.start("commit", "client", attributes, this.#span.context);
    if (this.#commit === undefined) return metadata;
    return tracedMetadata(metadata, this.#commit.context, this.#limits);
  }

  committed({ position, events, duplicate }: Commit): void {
    const attributes = {
      "tidemark.position": position,
      "tidemark.events": events.length,
      ...(duplicate ? { "tidemark.duplicate": true } : {}),
    };
    this.#commit?.end(attributes);
    this.#commit = undefined;
  }

  notCommitted(error: Error): void {
    this.#commit?.end({}, errorType(error));
    this.#commit = undefined;
  }

  answered(answer: Answer | DryRunAccepted<unknown, Message>): void {
    this.#span.end(
      answer.status === "rejected"
        ? {
            "tidemark.outcome": "rejected",
            "tidemark.code": loggedCode(answer.code),
          }
        : { "tidemark.outcome": "accepted", "tidemark.version": answer.version },
    );
  }

  failed(error: Error): void {
    this.#span.end({ "tidemark.outcome": "failed" }, errorType(error));
  }
}
