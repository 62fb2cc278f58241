/** All projections and reactors of one runtime: opens them, gives views of them, tells how they stand, and closes them. */
import type { Journal, ViewStore } from "../../journal/index.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import type { Position } from "../kernel/event.js";
import type { Limits } from "../kernel/limits.js";
import type { Logger } from "../kernel/log.js";
import type { LogMoment } from "../kernel/moment.js";
import { keptAlive, type Clock } from "../kernel/clock.js";
import type { CommandPort } from "../kernel/command-port.js";
import { Audit } from "./audit.js";
import type { Collections, DocumentOf, IndexesOf, NameOf, OnlyName } from "./collection.js";
import { ViewBehindError } from "./errors.js";
import { ExternalHost } from "./external-host.js";
import type { ExternalProjection } from "./external-projection.js";
import { Forgetting } from "./forgetting.js";
import { Operations } from "./operations.js";
import type { PastView, PastViewOptions } from "./past-view.js";
import { PastViews } from "./past-views.js";
import type { AnyProjection, Projection } from "./projection.js";
import { ProjectionHost } from "./projection-host.js";
import type { ReadOptions } from "./query.js";
import type { Reactor } from "./reactor.js";
import { ReactorHost } from "./reactor-host.js";
import { Turns } from "./rebuild.js";
import {
  externalStatus,
  healthOf,
  projectionStatus,
  reactorStatus,
  type ExternalStatus,
  type Health,
  type ProjectionStatus,
  type ReactorStatus,
} from "./status.js";
import { StoredProjection } from "./stored-projection.js";
import type { ViewSource } from "./view-source.js";
import { awaitView, readTogether, View, type CollectionReaders, type ViewOf } from "./view.js";

export interface ReadersOptions {
  readonly projections: readonly AnyProjection[];
  readonly reactors: readonly Reactor[];
  readonly externalProjections: readonly ExternalProjection[];
  readonly journal: Journal;
  readonly views: ViewStore;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
  /** Where reactors send commands. */
  readonly commands: CommandPort;
  /** Another process keeps the views up to date; nothing runs here. */
  readonly readOnly: boolean;
  readonly rebuildsMax: number;
  /** Shared with other runtimes; instead of `rebuildsMax` of its own. */
  readonly turns?: Turns;
  readonly rebuildShare: number;
  readonly frozenAfterMs: number;
  readonly hangingAfterMs: number;
}

const FOREVER_MS = 2 ** 31 - 1;

export class Readers {
  readonly #options: ReadersOptions;
  readonly #hosts = new Map<string, ProjectionHost>();
  readonly #reactors = new Map<string, ReactorHost>();
  readonly #externals = new Map<string, ExternalHost>();
  readonly #inline: ProjectionHost[] = [];
  readonly #past: PastViews;
  readonly operations: Operations;
  readonly forgetting: Forgetting;

  private constructor(options: ReadersOptions, audit: Audit) {
    this.#options = options;
    this.#past = new PastViews({ ...options, audit });
    this.forgetting = new Forgetting(this.#hosts);
    this.operations = new Operations(
      { projections: this.#hosts, reactors: this.#reactors, externals: this.#externals },
      audit,
      options.journal,
      options.clock,
    );
  }

  /**
   * Resolves once everything follows the log, and inline projections show all of it.
   *
   * @throws InvalidArgumentError - Two have one name, or a reactor waits for a projection that isn't there.
   */
  static async open(options: ReadersOptions): Promise<Readers> {
    checkNames(options);
    const audit = new Audit(options.journal);
    const readers = new Readers(options, audit);
    if (options.readOnly) return readers;
    try {
      await keptAlive(options.clock, readers.#start(audit));
    } catch (error) {
      await readers.close();
      throw error;
    }
    return readers;
  }

  async #start(audit: Audit): Promise<void> {
    const { projections, reactors, externalProjections, rebuildsMax } = this.#options;
    const view: ViewOf = (projection, ...collection) => this.view(projection, ...collection);
    const ports = {
      ...this.#options,
      audit,
      turns: this.#options.turns ?? new Turns(rebuildsMax),
      view,
    };
    for (const definition of projections) {
      const host = await ProjectionHost.open(definition, ports);
      this.#hosts.set(host.name, host);
      if (definition.lifecycle === "inline") this.#inline.push(host);
    }
    for (const definition of reactors) {
      const after = definition.after && this.#hosts.get(definition.after.name);
      this.#reactors.set(definition.name, await ReactorHost.open(definition, ports, after));
    }
    await Promise.all(
      externalProjections.map(async (definition) =>
        this.#externals.set(definition.name, await ExternalHost.open(definition, ports)),
      ),
    );
    // What a crash has kept from an inline projection it shows before commands are taken.
    for (const host of this.#inline)
      if (!host.paused) await host.reached(this.#options.journal.head(), FOREVER_MS).catch(ignored);
  }

  /** Whether answers must wait for inline projections. */
  get hasInline(): boolean {
    return this.#inline.length > 0;
  }

  /** Resolves once inline projections show everything up to there. @throws ViewBehindError - One of them can't, or not in time. */
  async visible(position: Position, timeoutMs: number): Promise<void> {
    for (const host of this.#inline) {
      if (host.position() >= position) continue;
      try {
        await keptAlive(this.#options.clock, host.reached(position, timeoutMs));
      } catch (cause) {
        throw new ViewBehindError(host.name, position, { cause });
      }
    }
  }

  /** @throws InvalidArgumentError - There is no such projection or collection here. */
  view<C extends Collections, Name extends keyof C & string = OnlyName<C>>(
    projection: Projection<C>,
    ...[collection]: NameOf<C, Name>
  ): View<DocumentOf<C[Name]>, IndexesOf<C[Name]>> {
    const source = this.#source(projection);
    const names = Object.keys(projection.collections);
    const name = collection ?? (names.length === 1 ? names[0] : undefined);
    if (name === undefined || !names.includes(name))
      throw new InvalidArgumentError(
        `collection of projection ${projection.name}`,
        `one of ${names.join(", ")}`,
        collection,
      );
    return new View(source, this.#options.views, name);
  }

  /** Reads several collections as of one position. */
  async query<C extends Collections, Result>(
    projection: Projection<C>,
    read: (collections: CollectionReaders<C>, position: Position) => Result,
    options: ReadOptions,
  ): Promise<Result> {
    const source = this.#source(projection);
    await awaitView(source, options);
    return readTogether(source, this.#options.views, projection.collections, read);
  }

  /** A projection as it was, folded anew. */
  async viewAt<C extends Collections>(
    projection: Projection<C>,
    at: LogMoment,
    options: PastViewOptions,
  ): Promise<PastView<C>> {
    this.#checkKnown(projection);
    return keptAlive(this.#options.clock, this.#past.at(projection, at, options));
  }

  #checkKnown(projection: AnyProjection): void {
    if (this.#options.projections.includes(projection)) return;
    throw new InvalidArgumentError(
      "projection",
      "one that the runtime was opened with",
      projection.name,
    );
  }

  #source(projection: AnyProjection): ViewSource {
    const { readOnly, views, journal, clock } = this.#options;
    this.#checkKnown(projection);
    const host = this.#hosts.get(projection.name);
    if (host !== undefined && !readOnly) return host;
    return new StoredProjection(projection, views, journal, clock);
  }

  projectionStatuses(): ProjectionStatus[] {
    const head = this.#options.journal.head();
    return [...this.#hosts.values()].map((host) => projectionStatus(host, head));
  }

  reactorStatuses(): ReactorStatus[] {
    return [...this.#reactors.values()].map(reactorStatus);
  }

  externalStatuses(): ExternalStatus[] {
    const head = this.#options.journal.head();
    return [...this.#externals.values()].map((host) => externalStatus(host, head));
  }

  /** Whether a reader has events to handle, and is at it: one that is paused, fails or waits to be asked isn't. */
  isBehind(): boolean {
    const following = this.projectionStatuses().filter(
      ({ paused, lifecycle }) => !paused && (lifecycle === "async" || lifecycle === "inline"),
    );
    const others = [...this.reactorStatuses(), ...this.externalStatuses()];
    const all = [
      ...following.flatMap(({ generations }) => generations),
      ...others.filter(({ paused }) => !paused),
    ];
    return all.some(({ lagEvents, error }) => lagEvents > 0 && error === undefined);
  }

  health(): Health {
    const { clock, frozenAfterMs } = this.#options;
    const others = [...this.reactorStatuses(), ...this.externalStatuses()];
    return healthOf(this.projectionStatuses(), others, clock, frozenAfterMs);
  }

  async close(): Promise<void> {
    await this.#past.close();
    await Promise.all([...this.#externals.values()].map((host) => host.close()));
    for (const host of this.#reactors.values()) await host.close();
    for (const host of this.#hosts.values()) await host.close();
  }
}

/** An inline projection that can't catch up says so in its status; commands are told by their answers. */
function ignored(): void {
  return undefined;
}

function checkNames({ projections, reactors, externalProjections }: ReadersOptions): void {
  const names = new Set<string>();
  for (const { name } of [...projections, ...reactors, ...externalProjections]) {
    if (names.has(name))
      throw new InvalidArgumentError("projections and reactors", "of distinct names", name);
    names.add(name);
  }
  for (const { name, after } of reactors) {
    if (after === undefined || projections.some((projection) => projection.name === after.name))
      continue;
    throw new InvalidArgumentError(
      `after of reactor ${name}`,
      "a projection that the runtime is opened with",
      after.name,
    );
  }
}
