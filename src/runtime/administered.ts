/** What operators are shown of a runtime: its parts, and what it was opened with. */
import { resolve } from "node:path";
import type { ActorSystem } from "../../actors/index.js";
import { Sagas, type SagaSystem } from "../../sagas/index.js";
import type { Administered } from "../admin/index.js";
import type { Clock } from "../kernel/clock.js";
import type { Logger } from "../kernel/log.js";
import type { Messaging } from "../messaging/messaging.js";
import type { Readers } from "../projections/readers.js";
import { Rules, type RuleSystem } from "../rules/index.js";
import type { RuntimeStores } from "../runtime.js";
import type { boundsOf, RuntimeOptions } from "./options.js";

interface Parts {
  readonly stores: RuntimeStores;
  readonly actors: ActorSystem;
  readonly readers: Readers;
  readonly messaging: Messaging<never>;
  readonly sagas: SagaSystem;
  readonly rules: RuleSystem;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** @param options - A runtime in memory has no directory by name. */
export function administered(
  { stores, sagas, rules, ...parts }: Parts,
  options: RuntimeOptions & { readonly directory?: unknown },
  { activationsMax, stateBytesMax }: ReturnType<typeof boundsOf>,
): Administered {
  const { clock } = parts;
  const { directory, service } = options;
  return {
    ...parts,
    ...stores,
    sagas: new Sagas({ ...stores, system: sagas, clock }),
    rules: new Rules({ ...stores, system: rules, clock }),
    definitions: definitionsOf(options),
    activationsMax,
    stateBytesMax,
    openedAtMs: clock.nowMs(),
    directory: typeof directory === "string" ? resolve(directory) : undefined,
    service,
  };
}

function definitionsOf(options: RuntimeOptions): Administered["definitions"] {
  const { aggregates, sagas = [], ruleSets = [], projections = [], reactors = [] } = options;
  const { externalProjections: externals = [], remotes = [] } = options;
  return { aggregates, sagas, ruleSets, projections, reactors, externals, remotes };
}
