/** Which events are for which instances of a saga: what `correlate` says, held to what an instance can take. */
import type { Origin, Routes } from "../src/delivery/index.js";
import { InvalidArgumentError } from "../src/kernel/errors.js";
import type { RecordedEvent } from "../src/kernel/event.js";
import { handedOn } from "../src/kernel/provenance.js";
import { checkId } from "../src/kernel/ids.js";
import { checkGivenEvent } from "./given-event.js";
import type { SagaInput } from "./instance.js";
import type { Correlation, Saga } from "./saga.js";

/** Gives an input to an instance. Resolves with why it wasn't taken, or with nothing. */
export type TakeRouted = (
  instanceId: string,
  input: SagaInput,
  causedBy: RecordedEvent,
) => Promise<string | undefined>;

export function sagaRoutes(saga: Saga, take: TakeRouted): Routes {
  const { name: owner, sources, start } = saga;
  return {
    owner,
    label: `saga ${owner}`,
    sources,
    types: saga.correlations.keys(),
    start,
    deliveriesOf: (event, origin) =>
      correlationsOf(saga, event).map((correlation) => ({
        instanceId: correlation.instanceId,
        take: () =>
          take(correlation.instanceId, handedOn(event, inputOf(correlation, event, origin)), event),
      })),
  };
}

function correlationsOf(saga: Saga, event: RecordedEvent): readonly Correlation[] {
  const found = saga.correlations.get(event.type)?.(event);
  if (found === undefined) return [];
  const correlations = (Array.isArray(found) ? found : [found]) as readonly Correlation[];
  const { type, data } = event;
  for (const correlation of correlations) {
    const argument = `what correlate of saga ${saga.name} returns for ${event.type}`;
    if (typeof correlation !== "object" || (correlation as unknown) === null)
      throw new InvalidArgumentError(argument, "start(…), resume(…) or nothing", correlation);
    checkId(`instance id in ${argument}`, correlation.instanceId);
    // An event of another service may be called as answers and timeouts are.
    if (correlation.action !== "start" || saga.onKnown === "resume")
      checkGivenEvent(correlation.event ?? { type, data });
  }
  return correlations;
}

function inputOf(
  { action, input, event: given }: Correlation,
  { type, data }: RecordedEvent,
  origin: Origin,
): SagaInput {
  const event = given ?? { type, data };
  if (action === "resume") return { kind: "event", event, origin };
  const start = { kind: "start" as const, data: input ?? data, event, origin };
  return action === "start-or-resume" ? { ...start, orResume: true } : start;
}
