/** Assembly: opens the journal, the actors, the projections and what coordinates them. */
import { ActorSystem, type AnyAggregate } from "../../actors/index.js";
import { join, resolve } from "node:path";
import {
  LmdbKeys,
  LmdbViews,
  MemoryViews,
  openLmdbJournal,
  type KeyStore,
  type ViewStore,
} from "../../journal/index.js";
import { AdminService } from "../admin/index.js";
import { SagaSystem, type SagaSystemOptions } from "../../sagas/index.js";
import type { Clock } from "../kernel/clock.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import { EntityLife } from "./entity-life.js";
import { KeyBarrier } from "../privacy/key-barrier.js";
import { openPrivacy, type OpenedPrivacy } from "../privacy/open.js";
import { Privacy, type PrivacyParts } from "../privacy/privacy.js";
import type { Closable } from "../messaging/transport.js";
import { AUDIT_STREAM_TYPE } from "../projections/audit.js";
import { Readers } from "../projections/readers.js";
import { RuleSystem, type RuleSystemOptions } from "../rules/index.js";
import { Runtime, type RuntimeParts } from "../runtime.js";
import { closeStores, type RuntimeStores } from "./stores.js";
import { administered, openDoors, type AdministeredOptions } from "./administered.js";
import { commandPortOf } from "./command-port.js";
import { LateCommandPort } from "./late-command-port.js";
import { LocalCommands } from "./local-commands.js";
import { openMessaging } from "./messaging.js";
import {
  boundsOf,
  checkPrivacy,
  portsOf,
  readersOptionsOf,
  type OpenRuntimeOptions,
  type RuntimeOptions,
  type RuntimePorts,
} from "./options.js";

/** What a runtime is started with, in memory or on a directory. */
type StartOptions = RuntimeOptions & AdministeredOptions;

/** Opens a runtime over stores that are open already; closes them where it can't start. */
export async function startRuntime(
  stores: RuntimeStores,
  options: StartOptions,
  ports: RuntimePorts,
): Promise<Runtime> {
  let opened: Partial<RuntimeParts> = {};
  try {
    checkActorNames(options);
    checkPrivacy(options);
    const personal = await personalOf(stores, options, ports);
    const seen = seenThrough(personal, stores);
    const bounds = boundsOf(options);
    const commands = new LateCommandPort();
    const readersOptions = { ...seen, ...ports, ...ports.shared, ...readersOptionsOf(options) };
    const readers = await Readers.open({ ...readersOptions, commands });
    opened = { readers };
    const actors = new ActorSystem({
      ...{ ...bounds, ...ports, ...ports.shared, journal: seen.journal },
      ...{ aggregates: actorsOf(options), coordinators: coordinatorsOf(options) },
    });
    opened = { readers, actors };
    const { askTimeoutMs } = bounds;
    const local = new LocalCommands(actors, readers, options.aggregates, askTimeoutMs);
    const parts = { stores: seen, actors, local, readers, ...ports, askTimeoutMs };
    // Before anybody can send a command: what was cut short may have left an actor that knows what is forgotten.
    const rulesKnow = { forget: () => opened.rules?.forget() };
    const forgetting = { ...ports, stores, readers, actors, rules: rulesKnow };
    const privacy = await privacyOver(personal, forgetting, options);
    let admin: AdminService | undefined = undefined;
    const wire = personal?.wire;
    const messaging = await openMessaging({ ...parts, stores, wire }, options, ports, () => admin);
    opened = { readers, actors, messaging };
    commands.open(commandPortOf(local, messaging, wire));
    const coordination = coordinationOf({ ...seen, ...ports, commands }, local, actors);
    const sagas = await SagaSystem.open({ ...coordination, sagas: options.sagas ?? [] });
    opened = { ...opened, sagas };
    const rules = await RuleSystem.open({ ...coordination, ruleSets: options.ruleSets ?? [] });
    opened = { ...opened, rules };
    // What goes into an archive stays sealed.
    const life = new EntityLife(actors, stores.journal);
    const running = { ...parts, messaging, sagas, rules, life, privacy };
    const runtime = runtimeOf(running, options, bounds);
    admin = runtime.admin;
    runtime.doors.push(...(await openDoors(admin, options, ports)));
    return runtime.started;
  } catch (error) {
    await closeAgain(opened, stores);
    throw error;
  }
}

/** What an operator does about personal data, once what was cut short of it is done. */
async function privacyOver(
  personal: OpenedPrivacy | undefined,
  parts: Omit<PrivacyParts, keyof OpenedPrivacy>,
  options: RuntimeOptions,
): Promise<Privacy | undefined> {
  if (personal === undefined || options.privacy === undefined) return undefined;
  const privacy = new Privacy({ ...personal, ...parts });
  await privacy.finishForgetting();
  return privacy;
}

/** What handles values reads them in plain. */
function seenThrough(personal: OpenedPrivacy | undefined, stores: RuntimeStores): RuntimeStores {
  return personal === undefined
    ? stores
    : {
        ...stores,
        journal: personal.journal,
        views: personal.views,
      };
}

function coordinationOf(
  ports: Omit<CoordinationPorts, "hasAggregate" | "ask">,
  local: LocalCommands,
  actors: ActorSystem,
): CoordinationPorts {
  return {
    ...ports,
    hasAggregate: (name) => local.has(name),
    ask: (...call) => actors.ask(...call),
  };
}

/** What couldn't start leaves nothing open. */
async function closeAgain(opened: Partial<RuntimeParts>, stores: RuntimeStores): Promise<void> {
  try {
    await opened.rules?.close();
    await opened.sagas?.close();
    await opened.messaging?.stopIntake();
    await opened.actors?.close();
    await opened.readers?.close();
    await opened.messaging?.close();
  } finally {
    await closeStores(stores);
  }
}

/** The runtime over what runs, with its operators; the doors they come through are opened once it is there. */
function runtimeOf(
  running: Omit<RuntimeParts, "admin" | "doors"> & RuntimePorts,
  options: StartOptions,
  bounds: ReturnType<typeof boundsOf>,
) {
  const doors: Closable[] = [];
  const runtime = (): Runtime => started;
  const admin = new AdminService(administered({ ...running, runtime }, options, bounds));
  const started = new Runtime({ ...running, admin, doors });
  return { started, admin, doors };
}

/** What takes inputs, not commands of somebody. */
function coordinatorsOf({ sagas = [], ruleSets = [] }: RuntimeOptions): ReadonlySet<string> {
  return new Set([...sagas, ...ruleSets].map(({ name }) => name));
}

/** Keys and sealed stores, where anything personal is declared or may come from other services. */
async function personalOf(
  stores: RuntimeStores,
  options: RuntimeOptions,
  { clock }: RuntimePorts,
): Promise<OpenedPrivacy | undefined> {
  const { privacy, aggregates, sagas = [], ruleSets = [], remotes = [] } = options;
  if (privacy === undefined && remotes.length === 0) return undefined;
  const { journal, views, readOnly, keys, keyBarrier } = stores;
  return openPrivacy(
    privacy,
    aggregates,
    { sagas, ruleSets },
    {
      ...{ journal, views, readOnly, keys, keyBarrier, clock },
    },
  );
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
  return startRuntime(await openStores(options, ports), options, ports);
}

/** The journal and the views of a directory. Throws what `openRuntime` throws for these. */
export async function openStores(
  options: Pick<OpenRuntimeOptions, "directory" | "readOnly" | "freeBytesMin" | "privacy">,
  ports: RuntimePorts,
): Promise<RuntimeStores> {
  const { directory, readOnly = false, freeBytesMin } = options;
  const keyBarrier = new KeyBarrier();
  const journal = await openLmdbJournal({
    ...ports,
    directory,
    readOnly,
    beforeWrite: () => keyBarrier.ready(),
    ...(freeBytesMin === undefined ? {} : { freeBytesMin }),
  });
  let views: ViewStore | undefined;
  let keys: KeyStore | undefined;
  try {
    views = openViews(directory, journal.storeId, readOnly, ports.clock);
    if (options.privacy !== undefined)
      keys = await openKeys(directory, journal.storeId, readOnly, ports.clock);
  } catch (error) {
    await views?.close();
    await journal.close();
    throw error;
  }
  return { journal, views, readOnly, keyBarrier, ...(keys && { keys }) };
}

function openKeys(
  directory: string,
  storeId: string,
  readOnly: boolean,
  clock: Clock,
): Promise<KeyStore> {
  const giveWay = () => new Promise<void>((resolve) => clock.defer(resolve));
  return LmdbKeys.open({ path: join(resolve(directory), "keys"), storeId, readOnly, giveWay });
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
