/** Assembly: opens the journal, the actors, the projections and what coordinates them. */
import { ActorSystem, type AnyAggregate } from "../../actors/index.js";
import { LmdbViews, MemoryViews, openLmdbJournal, type ViewStore } from "../../journal/index.js";
import { SagaSystem, type SagaSystemOptions } from "../../sagas/index.js";
import type { Clock } from "../kernel/clock.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import { AUDIT_STREAM_TYPE } from "../projections/audit.js";
import { Readers } from "../projections/readers.js";
import { RuleSystem, type RuleSystemOptions } from "../rules/index.js";
import { Runtime, type RuntimeParts, type RuntimeStores } from "../runtime.js";
import { commandPortOf } from "./command-port.js";
import { LateCommandPort } from "./late-command-port.js";
import { LocalCommands } from "./local-commands.js";
import { openMessaging } from "./messaging.js";
import {
  boundsOf,
  portsOf,
  readersOptionsOf,
  type OpenRuntimeOptions,
  type RuntimeOptions,
  type RuntimePorts,
} from "./options.js";

/** Opens a runtime over stores that are open already; closes them where it can't start. */
export async function startRuntime(
  stores: RuntimeStores,
  options: RuntimeOptions,
  ports: RuntimePorts,
): Promise<Runtime> {
  let opened: Partial<RuntimeParts> = {};
  try {
    checkActorNames(options);
    const bounds = boundsOf(options);
    const commands = new LateCommandPort();
    const readersOptions = { ...stores, ...ports, ...ports.shared, ...readersOptionsOf(options) };
    const readers = await Readers.open({ ...readersOptions, commands });
    opened = { readers };
    const aggregates = actorsOf(options);
    const { journal } = stores;
    const actorsOptions = { ...bounds, ...ports, ...ports.shared, aggregates, journal };
    const actors = new ActorSystem(actorsOptions);
    opened = { readers, actors };
    const { askTimeoutMs } = bounds;
    const local = new LocalCommands(actors, readers, options.aggregates, askTimeoutMs);
    const parts = { stores, actors, local, readers, clock: ports.clock, askTimeoutMs };
    const messaging = await openMessaging(parts, options, ports);
    opened = { readers, actors, messaging };
    commands.open(commandPortOf(local, messaging));
    const coordination: CoordinationPorts = {
      ...stores,
      ...ports,
      commands,
      hasAggregate: (name) => local.has(name),
      ask: (...call) => actors.ask(...call),
    };
    const sagas = await SagaSystem.open({ ...coordination, sagas: options.sagas ?? [] });
    opened = { ...opened, sagas };
    const rules = await RuleSystem.open({ ...coordination, ruleSets: options.ruleSets ?? [] });
    return new Runtime({ ...parts, messaging, sagas, rules });
  } catch (error) {
    await opened.sagas?.close();
    await opened.messaging?.stopIntake();
    await opened.actors?.close();
    await opened.readers?.close();
    await opened.messaging?.close();
    await stores.journal.close();
    await stores.views.close();
    throw error;
  }
}

/**
 * Opens the runtime on a directory.
 *
 * @returns Once the journal is open, its index reflects the log, and commands are taken. Projections catch up behind.
 * @throws JournalOwnedError - Another living process (named by its pid) has the directory open.
 * @throws JournalFormatError - The directory holds something this version can't open. Nothing was changed.
 * @throws InvalidArgumentError - An option isn't valid, or the journal holds event types that no aggregate can read.
 */
export async function openRuntime(options: OpenRuntimeOptions): Promise<Runtime> {
  return openRuntimeWith(options, portsOf(options));
}

/** `openRuntime` with the ports of somebody who has several. */
export async function openRuntimeWith(
  options: OpenRuntimeOptions,
  ports: RuntimePorts,
): Promise<Runtime> {
  const { directory, readOnly = false, freeBytesMin } = options;
  const journal = await openLmdbJournal({
    ...ports,
    directory,
    readOnly,
    ...(freeBytesMin === undefined ? {} : { freeBytesMin }),
  });
  let views: ViewStore;
  try {
    views = openViews(directory, journal.storeId, readOnly, ports.clock);
  } catch (error) {
    await journal.close();
    throw error;
  }
  return startRuntime({ journal, views, readOnly }, options, ports);
}

/** For a reader, views that nobody has built yet are empty; it can't build them. */
function openViews(directory: string, storeId: string, readOnly: boolean, clock: Clock): ViewStore {
  if (readOnly && !LmdbViews.exist(directory)) return new MemoryViews();
  const giveWay = () => new Promise<void>((resolve) => clock.defer(resolve));
  return new LmdbViews(directory, storeId, readOnly, giveWay);
}

/** What coordinates needs the same: the stores, the actors, and a way for commands. */
type CoordinationPorts = Omit<SagaSystemOptions, "sagas"> & Omit<RuleSystemOptions, "ruleSets">;

/** What runs as an actor: aggregates, instances of sagas, and sessions of rule sets. */
function actorsOf({ aggregates, sagas = [], ruleSets = [] }: RuntimeOptions): AnyAggregate[] {
  return [...aggregates, ...([...sagas, ...ruleSets] as unknown[] as readonly AnyAggregate[])];
}

function checkActorNames({ aggregates, sagas = [], ruleSets = [] }: RuntimeOptions): void {
  for (const { name } of [...aggregates, ...sagas, ...ruleSets])
    if (name === AUDIT_STREAM_TYPE)
      throw new InvalidArgumentError("aggregate name", "another one: it is Tidemark's own", name);
}
