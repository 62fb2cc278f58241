/** Endpoints as a user defines them: with what a runtime offers to their answers. */
import type { Position } from "../kernel/event.js";
import { endpointOf, type Endpoint, type EndpointDefinition } from "../messaging/endpoint.js";
import type { Collections } from "../projections/collection.js";
import type { Projection } from "../projections/projection.js";
import type { ReadOptions } from "../projections/query.js";
import type { CollectionReaders, ViewOf } from "../projections/view.js";

/** Reads several collections as of one position; see `Runtime.query`. */
export type QueryOf = <C extends Collections, Result>(
  projection: Projection<C>,
  read: (collections: CollectionReaders<C>, position: Position) => Result,
  options?: ReadOptions,
) => Promise<Result>;

/** What an endpoint's answer is given besides the request. */
export interface EndpointContext {
  /** Views of the runtime, for reading. */
  readonly view: ViewOf;
  readonly query: QueryOf;
  /** Aborted when the runtime closes. */
  readonly signal: AbortSignal;
}

/** An endpoint whose request and response are only known to the compiler. */
export type AnyEndpoint = Endpoint<never, unknown, EndpointContext>;

/**
 * Defines a question that a runtime answers to whoever asks: other services by `runtime.call`, people by the `nats` command line.
 *
 * @throws InvalidArgumentError - A name or schema isn't valid, or there is no answer.
 */
export function endpoint<Request = unknown, Response = unknown>(
  definition: EndpointDefinition<Request, Response, EndpointContext>,
): Endpoint<Request, Response, EndpointContext> {
  return endpointOf(definition);
}
