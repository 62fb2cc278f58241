/** Which way a command of a saga takes. */
import type { ActorSystem, AnyAggregate } from "../../actors/index.js";
import { UnknownAggregateError } from "../../actors/index.js";
import type { CommandPort } from "../kernel/command-port.js";

/** Sends to the aggregates of this runtime. */
export function commandPort(actors: ActorSystem, aggregates: readonly AnyAggregate[]): CommandPort {
  const byName = new Map(aggregates.map((aggregate) => [aggregate.name, aggregate]));
  return {
    ask: async (target, entityId, command, sending) => {
      const aggregate = byName.get(target.name);
      if (aggregate === undefined) throw new UnknownAggregateError(target.name);
      return actors.ask(aggregate, entityId, command, sending);
    },
  };
}
