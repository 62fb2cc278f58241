/** What operators are shown of a runtime: its parts, and what it was opened with. */
import { resolve } from "node:path";
import type { ActorSystem } from "../../actors/index.js";
import { Sagas, type SagaSystem } from "../../sagas/index.js";
import type { AdminService, Administered } from "../admin/index.js";
import type { Clock } from "../kernel/clock.js";
import type { Logger } from "../kernel/log.js";
import type { Messaging } from "../messaging/messaging.js";
import type { Privacy } from "../privacy/privacy.js";
import type { Readers } from "../projections/readers.js";
import type { Closable } from "../messaging/transport.js";
import { Rules, type RuleSystem } from "../rules/index.js";
import type { RuntimeStores } from "./stores.js";
import type { boundsOf, RuntimeOptions, RuntimePorts } from "./options.js";

interface Parts {
  readonly stores: RuntimeStores;
  readonly actors: ActorSystem;
  readonly readers: Readers;
  readonly messaging: Messaging<never>;
  readonly sagas: SagaSystem;
  readonly rules: RuleSystem;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly privacy: Privacy | undefined;
  readonly runtime: Administered["runtime"];
}

/** What operators go by, besides what every runtime may be given. */
export interface AdministeredOptions {
  /** A path; a runtime in memory has none. */
  readonly directory?: unknown;
  /** Nobody has given any: a directory is looked at without its service's code. */
  readonly withoutDefinitions?: boolean;
}

export function administered(
  { stores, sagas, rules, ...parts }: Parts,
  options: RuntimeOptions & AdministeredOptions,
  { activationsMax, stateBytesMax }: ReturnType<typeof boundsOf>,
): Administered {
  const { clock } = parts;
  const { directory, service } = options;
  return {
    ...parts,
    ...stores,
    sagas: new Sagas({ ...stores, system: sagas, clock }),
    rules: new Rules({ ...stores, system: rules, clock }),
    definitions: options.withoutDefinitions === true ? undefined : definitionsOf(options),
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

/** Where operators come in from outside, besides the transport. A door that can't be opened is logged, and left closed. */
export async function openDoors(
  admin: AdminService,
  options: RuntimeOptions,
  { logger }: RuntimePorts,
): Promise<Closable[]> {
  const { directory, readOnly } = admin.parts;
  if (directory === undefined || readOnly || options.admin?.socket === false) return [];
  // Loaded only here: a runtime in memory, and one without a socket, need none of it.
  const { openControlSocket } = await import("../admin/control-socket.js");
  return [await openControlSocket(admin, directory, logger)];
}
