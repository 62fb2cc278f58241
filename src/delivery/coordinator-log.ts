/**
 * What happened to a saga or a rule set as a whole, as events in a stream of its own, `tidemark/saga:<name>` or
 * `tidemark/rules:<name>`: where its routing began and how far it is known to have come, which versions were deployed, and
 * inputs that no instance took.
 */
import { createHash } from "node:crypto";
import type { Journal } from "../../journal/index.js";
import type { Position } from "../kernel/event.js";
import { handedOn } from "../kernel/provenance.js";
import { unlessEnded } from "../kernel/unless-ended.js";
import { streamIdOf, type StreamId } from "../kernel/ids.js";
import type { Origin } from "./origin.js";

/** An input that was for no instance, or that none could take. */
export interface RefusedInput {
  readonly instanceId: string;
  /** `unknown-instance`, `known-instance`, or the code of what failed. */
  readonly code: string;
  readonly message?: string;
  readonly position: Position;
  readonly eventId: string;
  readonly eventType: string;
  readonly streamId: string;
  readonly refusedAtMs: number;
}

/** What was deployed. */
export interface Deployment {
  readonly version: number;
  readonly hash: string;
}

/** How far routing is. */
export interface Routed {
  readonly at: Position;
  /** Event time up to there, where the owner goes by that. */
  readonly watermarkMs?: number;
}

export class CoordinatorLog {
  readonly #journal: Journal;
  readonly #streamId: StreamId;
  readonly #kind: "saga" | "rules";
  readonly #type: "Saga" | "Rules";
  readonly #owner: string;
  /** Refusals up to a version of the stream. */
  #counted = { upTo: 0, refusals: 0 };

  constructor(journal: Journal, kind: "saga" | "rules", owner: string) {
    this.#journal = journal;
    this.#kind = kind;
    this.#type = kind === "saga" ? "Saga" : "Rules";
    this.#owner = owner;
    this.#streamId = streamIdOf("tidemark", `${kind}:${owner}`);
    this.refusalCount();
  }

  /** Where routing goes on if nothing else says so; undefined before the first run. */
  routedTo(): Routed | undefined {
    return this.last(`${this.#type}Installed`, `${this.#type}Advanced`) as Routed | undefined;
  }

  async installed(routed: Routed): Promise<void> {
    await this.append(`${this.#type}Installed`, routed);
  }

  async advanced(routed: Routed): Promise<void> {
    await this.append(`${this.#type}Advanced`, routed);
  }

  lastDeployed(): Deployment | undefined {
    return this.last(`${this.#type}Deployed`) as Deployment | undefined;
  }

  /** Records a version, unless it is the one that was deployed last. */
  async deployed({ version, hash }: Deployment): Promise<void> {
    const last = this.lastDeployed();
    if (last?.version === version && last.hash === hash) return;
    await this.append(`${this.#type}Deployed`, { version, hash });
  }

  /** Records it once, however often it is routed. */
  async refused(instanceId: string, origin: Origin, code: string, message?: string): Promise<void> {
    const { position, eventId, type, streamId } = origin;
    const data = {
      instanceId,
      code,
      ...(message === undefined ? {} : { message }),
      position,
      eventId,
      eventType: type,
      streamId,
    };
    await this.append("InputRefused", handedOn(origin, data), this.#refusalId(instanceId, origin));
  }

  hasRefused(instanceId: string, origin: Origin): boolean {
    return this.#journal.findCommand(this.#refusalId(instanceId, origin)) !== undefined;
  }

  #refusalId(instanceId: string, { eventId, part }: Origin): string {
    const key = `${this.#owner}/${instanceId}/${eventId}/${part}`;
    return `${this.#kind}-refused-${createHash("sha256").update(key).digest("hex")}`;
  }

  /** Oldest first. */
  refusals(): RefusedInput[] {
    const refusals: RefusedInput[] = [];
    for (const { type, data, recordedAtMs } of this.#journal.readStream(this.#streamId)) {
      if (type === "InputRefused")
        refusals.push({
          ...(data as Omit<RefusedInput, "refusedAtMs">),
          refusedAtMs: recordedAtMs,
        });
    }
    return refusals;
  }

  /** How many; of a journal that can't be read any more, as many as were known before. */
  refusalCount(): number {
    unlessEnded(() => this.#countRefusals(), undefined);
    return this.#counted.refusals;
  }

  /** Only what came since the last look is read. */
  #countRefusals(): void {
    const upTo = this.#journal.streamVersion(this.#streamId);
    let { refusals } = this.#counted;
    if (upTo === this.#counted.upTo) return;
    for (const { type } of this.#journal.readStream(this.#streamId, {
      from: this.#counted.upTo + 1,
      upTo,
    }))
      if (type === "InputRefused") refusals += 1;
    this.#counted = { upTo, refusals };
  }

  /** The data of the first event of a type. */
  first(type: string): unknown {
    for (const event of this.#journal.readStream(this.#streamId))
      if (event.type === type) return event.data;
    return undefined;
  }

  /** The data of the last event of these types: near the end, however long the stream is. */
  last(...types: readonly string[]): unknown {
    for (const { type, data } of this.#journal.readStream(this.#streamId, {
      direction: "backward",
    }))
      if (types.includes(type)) return data;
    return undefined;
  }

  /** Adds an event. The same command id again adds nothing. */
  async append(type: string, data: unknown, commandId?: string): Promise<void> {
    const request = {
      streams: [{ streamId: this.#streamId, events: [{ type, data }] }],
      ...(commandId === undefined ? {} : { commandId }),
    };
    await this.#journal.append(handedOn(data, request));
  }
}
