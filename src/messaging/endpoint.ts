/** Endpoints: questions that a runtime answers to whoever asks, other services and the `nats` command line alike. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { checkObject } from "../kernel/check.js";
import { asError, InvalidArgumentError } from "../kernel/errors.js";
import { checkName } from "../kernel/ids.js";
import type { Limits } from "../kernel/limits.js";
import { validated } from "../kernel/standard-schema.js";
import { endpointAnswerMessage, failureMessage, failureOf } from "./answer-wire.js";
import { BadMessageError, MessagingClosedError, ServiceOverloadedError } from "./errors.js";
import { HeaderReader } from "./headers.js";
import { dataBounds } from "./envelope.js";
import { dataOf, payloadOf } from "./payload.js";
import type { Closable, TransportConnection, WireMessage } from "./transport.js";

/** What `endpoint` is given. `Context` is what the runtime offers to its endpoints. */
export interface EndpointDefinition<Request, Response, Context> {
  /** Under which it is called: an id without "/". */
  readonly name: string;
  /** For people who look at what a service offers. */
  readonly description?: string;
  /** Validates requests, which are replaced by what it returns. */
  readonly request?: StandardSchemaV1<unknown, Request>;
  /** What it answers must be JSON. A throw or rejection is told to the caller. */
  readonly answer: (request: Request, context: Context) => Promise<Response> | Response;
}

/** An endpoint, checked and ready to serve or to be called. */
export interface Endpoint<Request = unknown, Response = unknown, Context = never> {
  readonly name: string;
  readonly description: string;
  readonly request: StandardSchemaV1 | undefined;
  /** Answers a request that was validated. */
  readonly answer: (request: never, context: Context) => unknown;
  /** Only for the compiler. */
  readonly types?: {
    /** What it takes. */
    readonly request: (request: Request) => void;
    readonly response: Response;
  };
}

/** @throws InvalidArgumentError - A name or schema isn't valid, or there is no answer. */
export function endpointOf<Request, Response, Context>(
  definition: EndpointDefinition<Request, Response, Context>,
): Endpoint<Request, Response, Context> {
  checkObject("definition of an endpoint", definition);
  const { name, description = "", request, answer } = definition;
  checkName("endpoint name", name);
  if (typeof description !== "string")
    throw new InvalidArgumentError(`description of endpoint ${name}`, "text", description);
  if (
    request !== undefined &&
    typeof (request as Partial<typeof request>)["~standard"] !== "object"
  )
    throw new InvalidArgumentError(`request of endpoint ${name}`, "a Standard Schema", request);
  if (typeof answer !== "function")
    throw new InvalidArgumentError(`answer of endpoint ${name}`, "a function", answer);
  return Object.freeze({ name, description, request, answer });
}

/** Requests in hand of one endpoint. */
const IN_HAND_MAX = 256;
const HEADER_BYTES_MAX = 64 * 1024;

/** Answers the requests to one endpoint. */
export class EndpointService<Context> {
  readonly #endpoint: Endpoint<unknown, unknown, Context>;
  readonly #context: (signal: AbortSignal) => Context;
  readonly #limits: Limits;
  readonly #closing = new AbortController();
  /** Rejects when the runtime closes: an answer that never comes must not keep it open. */
  readonly #closed: Promise<never>;
  #inHand = 0;

  /** @param context - Makes what an answer is given; its signal is aborted when the runtime closes. */
  constructor(
    endpoint: Endpoint<unknown, unknown, Context>,
    context: (signal: AbortSignal) => Context,
    limits: Limits,
  ) {
    this.#endpoint = endpoint;
    this.#context = context;
    this.#limits = limits;
    this.#closed = new Promise((_, reject) => {
      this.#closing.signal.addEventListener("abort", () => reject(new MessagingClosedError()));
    });
    this.#closed.catch(() => undefined);
  }

  async serve(connection: TransportConnection): Promise<Closable> {
    const { name, description } = this.#endpoint;
    const service = { kind: "endpoint", name, description } as const;
    const serving = await connection.serve(service, (message) => this.#answer(message));
    return {
      close: () => {
        this.#closing.abort(new MessagingClosedError());
        return serving.close();
      },
    };
  }

  async #answer(message: WireMessage): Promise<WireMessage> {
    const { name } = this.#endpoint;
    if (this.#inHand >= IN_HAND_MAX)
      return failureMessage(failureOf(new ServiceOverloadedError(`endpoint ${name}`, IN_HAND_MAX)));
    this.#inHand += 1;
    try {
      const request = this.#requestOf(message);
      const context = this.#context(this.#closing.signal);
      const answering = this.#endpoint.answer(request as never, context);
      const answer = await Promise.race([answering, this.#closed]);
      return endpointAnswerMessage(answer ?? null, this.#limits);
    } catch (error) {
      return failureMessage(failureOf(error));
    } finally {
      this.#inHand -= 1;
    }
  }

  #requestOf(message: WireMessage): unknown {
    const type = new HeaderReader(message.headers, HEADER_BYTES_MAX).optional("content-type");
    const data = dataOf("request", type, message.payload, dataBounds(this.#limits));
    const { request } = this.#endpoint;
    if (request === undefined) return data;
    try {
      return validated("request", request, data);
    } catch (error) {
      throw new BadMessageError(asError(error).message);
    }
  }
}

/** A request to an endpoint. @throws InvalidArgumentError - It can't be sent. */
export function requestMessage(request: unknown, limits: Limits): WireMessage {
  if (request === undefined) return { headers: {}, payload: new Uint8Array() };
  const { contentType, bytes } = payloadOf("request", request, dataBounds(limits));
  return { headers: { "content-type": contentType }, payload: bytes };
}
