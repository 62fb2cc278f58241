/**
 * What happened to a saga as a whole, as events in a stream of its own, `tidemark/saga:<name>`: where its routing began and how
 * far it is known to have come, which versions were deployed, and inputs that no instance took.
 */
import { createHash } from "node:crypto";
import type { Journal } from "../journal/index.js";
import type { Position } from "../src/kernel/event.js";
import { streamIdOf, type StreamId } from "../src/kernel/ids.js";
import type { Origin } from "./instance.js";

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

interface Deployment {
  readonly version: number;
  readonly hash: string;
}

export class SagaLog {
  readonly #journal: Journal;
  readonly #streamId: StreamId;
  readonly #saga: string;

  constructor(journal: Journal, saga: string) {
    this.#journal = journal;
    this.#saga = saga;
    this.#streamId = streamIdOf("tidemark", `saga:${saga}`);
  }

  /** Where routing goes on if nothing else says so; undefined before the first run. */
  routedTo(): Position | undefined {
    const last = this.#last("SagaInstalled", "SagaAdvanced");
    return (last as { readonly at: Position } | undefined)?.at;
  }

  async installed(at: Position): Promise<void> {
    await this.#append("SagaInstalled", { at });
  }

  async advanced(at: Position): Promise<void> {
    await this.#append("SagaAdvanced", { at });
  }

  /** Records a version, unless it is the one that was deployed last. */
  async deployed({ version, hash }: Deployment): Promise<void> {
    const last = this.#last("SagaDeployed") as Deployment | undefined;
    if (last?.version === version && last.hash === hash) return;
    await this.#append("SagaDeployed", { version, hash });
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
    await this.#append("InputRefused", data, this.#refusalId(instanceId, origin));
  }

  hasRefused(instanceId: string, origin: Origin): boolean {
    return this.#journal.findCommand(this.#refusalId(instanceId, origin)) !== undefined;
  }

  #refusalId(instanceId: string, { eventId, part }: Origin): string {
    const key = `${this.#saga}/${instanceId}/${eventId}/${part}`;
    return `saga-refused-${createHash("sha256").update(key).digest("hex")}`;
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

  /** The data of the last event of these types: near the end, however long the stream is. */
  #last(...types: readonly string[]): unknown {
    for (const { type, data } of this.#journal.readStream(this.#streamId, {
      direction: "backward",
    }))
      if (types.includes(type)) return data;
    return undefined;
  }

  async #append(type: string, data: unknown, commandId?: string): Promise<void> {
    await this.#journal.append({
      streams: [{ streamId: this.#streamId, events: [{ type, data }] }],
      ...(commandId === undefined ? {} : { commandId }),
    });
  }
}
