/** Operations over a transport: an endpoint of the service, under a name of its own among all services. */
import { endpointOf, requestMessage, type Endpoint } from "../messaging/endpoint.js";
import { endpointAnswerOf } from "../messaging/answer-wire.js";
import type { Transport } from "../messaging/transport.js";
import { defaultLimits } from "../kernel/limits.js";
import { silentLogger } from "../kernel/log.js";
import { toJsonForm } from "../kernel/json-form.js";
import { systemClock, systemIds } from "../kernel/system-clock.js";
import type { AdminOptions } from "./admin-options.js";
import type { AdminService } from "./admin-service.js";
import type { AdminClient, InputOf, OperationName, OutputOf } from "./api.js";
import type { Caller } from "./caller.js";
import { answerOf, answerTo, failureText, outputOf, requestOf } from "./wire.js";

/** Requests in hand, and what they wait for. */
const TIMEOUT_MS = 60_000;
const ID = 1;

/** Name of the endpoint of a service. */
export function adminEndpointName(service: string): string {
  return `admin-${service}`;
}

/** Undefined where other machines may not operate this runtime. */
export function adminEndpoint<Context extends { readonly signal: AbortSignal }>(
  service: string,
  { nats = "off", natsPayloads = false }: AdminOptions,
  admin: () => AdminService | undefined,
): Endpoint<unknown, unknown, Context> | undefined {
  if (nats === "off") return undefined;
  const caller: Caller = { via: "nats", change: nats === "change", payloads: natsPayloads };
  return endpointOf({
    name: adminEndpointName(service),
    description: "Operating this runtime",
    answer: async (request, { signal }) => {
      const running = admin();
      // Told before its runtime is: whoever asks may ask again.
      if (running === undefined)
        return JSON.parse(failureText(ID, new Error("it is starting"))) as unknown;
      try {
        const wire = requestOf({ ...(request as object), id: ID });
        if ("cancel" in wire) return { id: ID, output: null };
        return JSON.parse(await answerTo(running, wire, caller, signal)) as unknown;
      } catch (error) {
        return JSON.parse(failureText(ID, error)) as unknown;
      }
    },
  });
}

/** A client of a service on another machine. */
export async function connectEndpoint(transport: Transport, service: string): Promise<AdminClient> {
  const connection = await transport.connect({
    storeId: systemIds.newId(),
    clock: systemClock,
    ids: systemIds,
    logger: silentLogger,
  });
  const name = adminEndpointName(service);
  const call = async <Name extends OperationName>(
    operation: Name,
    input: InputOf<Name>,
    { by, signal }: { readonly by?: string; readonly signal?: AbortSignal } = {},
  ): Promise<OutputOf<Name>> => {
    signal?.throwIfAborted();
    const request = { operation, input: toJsonForm(input), ...(by === undefined ? {} : { by }) };
    const message = requestMessage(request, defaultLimits);
    const answering = connection.request({ kind: "endpoint", name }, message, TIMEOUT_MS);
    const answer = endpointAnswerOf(await orAborted(answering, signal), name, defaultLimits);
    return outputOf(answerOf(answer)) as OutputOf<Name>;
  };
  return { call, close: () => connection.close() };
}

/** A request that left can't be taken back: its answer is passed over. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let end: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    end = () => reject(signal.reason as Error);
    signal.addEventListener("abort", end);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}
