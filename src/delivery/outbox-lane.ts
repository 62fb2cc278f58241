/** The commands for one aggregate. Of one instance those for one entity leave one after the other, in the order they were asked for. */
import { asError, isOwnEnd, TidemarkError } from "../kernel/errors.js";
import type { ViewReader } from "../../journal/index.js";
import { backOffMs } from "../kernel/back-off.js";
import type { Clock, Timer } from "../kernel/clock.js";
import type { CommandPort } from "../kernel/command-port.js";
import { handedOn } from "../kernel/provenance.js";
import type { Logger } from "../kernel/log.js";
import type { Position } from "../kernel/event.js";
import { isNobodyThere, isOutage, isUncertain } from "./attempt-failure.js";
import { originOf, type StoredCommand, type TakeAnswer } from "./stored-command.js";
import type { LaneStatus } from "./lane-status.js";
import { outcomeOf, type CommandOutcome } from "./pending.js";
import { under, type DeliveryRows, type InstanceName } from "./rows.js";

export interface OutboxPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly views: ViewReader;
  readonly rows: DeliveryRows;
  readonly commands: CommandPort;
  /** The rows reflect everything durable, and are there to be read. */
  settle(): Promise<void>;
  readonly answer: TakeAnswer;
}

/** In memory at the most; the rest is on disk. */
const LOADED_MAX = 5_000;
const IN_FLIGHT_MAX = 256;
const ATTEMPT_TIMEOUT_MS = 5_000;
const RETRY_DELAY_MS = 100;
const RETRY_DELAY_MAX_MS = 30_000;

interface Entry {
  readonly name: InstanceName;
  readonly command: StoredCommand;
  /** What must be answered before, if anything: commands of one instance to one entity. */
  readonly chain: string;
  attempts: number;
  /** Attempts and answers that failed: what the next pause goes by. */
  failures: number;
  /** An attempt may have been carried out, nobody knows. */
  uncertain: boolean;
  /** The last attempt found nobody there. */
  foundNobody: boolean;
  /** What came of it, once that is known: asked again, it might be told otherwise. */
  outcome: CommandOutcome | undefined;
  /** What it waits for before its next attempt. */
  pause: Timer | undefined;
}

export class OutboxLane {
  readonly #aggregate: string;
  readonly #ports: OutboxPorts;
  /** In memory, by command id. */
  readonly #entries = new Map<string, Entry>();
  /** Those in memory of one chain, the first in progress. */
  readonly #chains = new Map<string, Entry[]>();
  #ready: Entry[] = [];
  #inFlight = 0;
  /** More are on disk, behind those in memory: what comes joins them there, so that the order stands. */
  #overflown = true;
  #loading: Promise<void> | undefined;
  /** Asked for while some are read: their rows may come too late for that. */
  #meanwhile = new Map<string, readonly [InstanceName, StoredCommand]>();
  /** Answered while some are read: their rows may be there still. A refused one that left again might be accepted. */
  readonly #goneMeanwhile = new Set<string>();
  /** What was asked for up to here may have left in an earlier life. */
  #bornAt: Position = 0;
  #running = false;
  #closed = false;
  #failures = 0;
  readonly #totals = { delivered: 0, attemptsFailed: 0 };
  /** Some found nobody there, and nothing was answered since. */
  #isNobodyThere = false;
  #lastError: Error | undefined;
  #lastErrorAtMs: number | undefined;
  readonly #attempts = new Set<Promise<void>>();

  constructor(aggregate: string, ports: OutboxPorts) {
    this.#aggregate = aggregate;
    this.#ports = ports;
  }

  /** @param bornAt - The head of the journal when this life began. */
  start(bornAt: Position): void {
    if (this.#running) return;
    this.#running = true;
    this.#bornAt = bornAt;
    this.#load();
  }

  get pending(): number {
    return this.#entries.size + (this.#overflown ? 1 : 0);
  }

  status(): LaneStatus {
    return {
      aggregate: this.#aggregate,
      inFlight: this.#inFlight,
      waiting: this.#entries.size - this.#inFlight,
      ...this.#totals,
      failures: this.#failures,
      lastError: this.#lastError,
      lastErrorAtMs: this.#lastErrorAtMs,
    };
  }

  add(name: InstanceName, command: StoredCommand): void {
    if (!this.#running || this.#entries.has(command.request.id)) return;
    if (this.#overflown) {
      if (this.#loading !== undefined && this.#meanwhile.size <= LOADED_MAX)
        this.#meanwhile.set(command.request.id, [name, command]);
      return;
    }
    if (this.#entries.size >= LOADED_MAX) {
      this.#overflown = true;
      return;
    }
    this.#enter(name, command);
    this.#pump();
  }

  /** It is answered, or nobody wants the answer any more: what is under way is let go. */
  drop(commandId: string): void {
    const entry = this.#entries.get(commandId);
    if (this.#loading !== undefined) {
      this.#goneMeanwhile.add(commandId);
      this.#meanwhile.delete(commandId);
    }
    if (entry === undefined) return;
    this.#entries.delete(commandId);
    entry.pause?.cancel();
    const chain = this.#chains.get(entry.chain) ?? [];
    const wasFirst = chain[0] === entry;
    const rest = chain.filter((other) => other !== entry);
    if (rest.length === 0) this.#chains.delete(entry.chain);
    else this.#chains.set(entry.chain, rest);
    if (wasFirst && rest[0] !== undefined) this.#ready.push(rest[0]);
    this.#pump();
  }

  /** Tries at once what waits for its next attempt. */
  hurry(isMeant: (entry: Entry) => boolean = () => true): void {
    for (const entry of this.#entries.values()) {
      if (entry.pause === undefined || !isMeant(entry)) continue;
      entry.pause.cancel();
      entry.pause = undefined;
      this.#ready.push(entry);
    }
    this.#pump();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { pause } of this.#entries.values()) pause?.cancel();
    await this.#loading;
    await Promise.all(this.#attempts);
  }

  #enter(name: InstanceName, command: StoredCommand): void {
    const { entityId, id } = command.request;
    const chain = JSON.stringify([name.owner, name.instanceId, entityId]);
    const entry: Entry = {
      name,
      command,
      chain,
      attempts: 0,
      failures: 0,
      uncertain: command.position <= this.#bornAt,
      foundNobody: false,
      outcome: undefined,
      pause: undefined,
    };
    this.#entries.set(id, entry);
    const others = this.#chains.get(chain);
    if (others !== undefined) {
      others.push(entry);
      return;
    }
    this.#chains.set(chain, [entry]);
    this.#ready.push(entry);
  }

  #pump(): void {
    if (!this.#running || this.#closed) return;
    while (this.#inFlight < IN_FLIGHT_MAX && this.#ready.length > 0) {
      const ready = this.#ready;
      this.#ready = [];
      for (const entry of ready) {
        if (this.#inFlight >= IN_FLIGHT_MAX) this.#ready.push(entry);
        else if (this.#isWanted(entry)) this.#attempt(entry);
      }
    }
    if (this.#overflown && this.#entries.size < LOADED_MAX / 2) this.#load();
  }

  #isWanted(entry: Entry): boolean {
    return this.#entries.get(entry.command.request.id) === entry;
  }

  #attempt(entry: Entry): void {
    this.#inFlight += 1;
    const attempt = this.#try(entry).finally(() => {
      this.#attempts.delete(attempt);
      this.#inFlight -= 1;
      this.#pump();
    });
    this.#attempts.add(attempt);
  }

  async #try(entry: Entry): Promise<void> {
    entry.outcome ??= await this.#outcomeOf(entry);
    const { name, command, outcome } = entry;
    if (outcome === undefined || this.#closed || !this.#isWanted(entry)) return;
    try {
      await this.#ports.answer(name, command.request.id, outcome, originOf(command));
      this.#totals.delivered += 1;
      // Its row goes with the event that records the answer; so does the entry, which may be earlier here.
      this.drop(command.request.id);
    } catch (error) {
      this.#again(entry, error);
    }
  }

  /** Undefined where it is to be tried again. */
  async #outcomeOf(entry: Entry): Promise<CommandOutcome | undefined> {
    const { request, correlationId, eventId } = entry.command;
    const { clock, commands } = this.#ports;
    const leftMs = (request.deadlineAtMs ?? Infinity) - clock.nowMs();
    if (leftMs <= 0) return { outcome: "timed-out", attempts: entry.attempts };
    entry.attempts += 1;
    try {
      const target = { name: request.aggregate, remote: request.remote === true };
      const command = handedOn(entry.command, { ...request.command });
      const answer = await commands.ask(target, request.entityId, command, {
        commandId: request.id,
        timeoutMs: Math.max(1, Math.ceil(Math.min(ATTEMPT_TIMEOUT_MS, leftMs))),
        correlationId,
        causationId: eventId,
        ...originOf(entry.command),
      });
      this.#answered();
      return outcomeOf(answer);
    } catch (error) {
      return this.#failureOf(entry, asError(error));
    }
  }

  #answered(): void {
    this.#failures = 0;
    this.#lastError = this.#lastErrorAtMs = undefined;
    if (!this.#isNobodyThere) return;
    this.#isNobodyThere = false;
    // Pauses of up to half a minute were for somebody who wasn't there. What else was tried in vain keeps to its own.
    this.hurry(({ foundNobody }) => foundNobody);
  }

  #failureOf(entry: Entry, error: Error): CommandOutcome | undefined {
    this.#failures += 1;
    this.#totals.attemptsFailed += 1;
    this.#lastError = error;
    this.#lastErrorAtMs = this.#ports.clock.nowMs();
    entry.foundNobody = isNobodyThere(error);
    this.#isNobodyThere ||= entry.foundNobody;
    const { request } = entry.command;
    const mayBeRetried = (error instanceof TidemarkError && error.retryable) || isOutage(error);
    entry.uncertain ||= isUncertain(error);
    if (mayBeRetried && (entry.attempts < request.attemptsMax || isOwnEnd(error))) {
      this.#again(entry, error);
      return undefined;
    }
    const code = error instanceof TidemarkError ? error.code : "error";
    const { attempts, uncertain } = entry;
    return { outcome: "given-up", code, message: error.message, attempts, uncertain };
  }

  #again(entry: Entry, error: unknown): void {
    if (this.#closed || !this.#isWanted(entry)) return;
    const { clock, logger } = this.#ports;
    const { request } = entry.command;
    entry.failures += 1;
    const pauseMs = backOffMs(entry.failures, RETRY_DELAY_MS, RETRY_DELAY_MAX_MS);
    const isOver = entry.outcome !== undefined;
    const leftMs = isOver ? Infinity : (request.deadlineAtMs ?? Infinity) - clock.nowMs();
    const delayMs = Math.max(0, Math.min(pauseMs, leftMs));
    const fields = {
      ...entry.name,
      commandId: request.id,
      attempts: entry.attempts,
      error: asError(error),
    };
    logger.debug(fields, "a command wasn't answered; it is tried again");
    entry.pause = clock.setTimer(delayMs, () => {
      entry.pause = undefined;
      this.#ready.push(entry);
      this.#pump();
    });
  }

  #load(): void {
    this.#loading ??= this.#loadNext()
      .catch((error: unknown) => {
        if (isOwnEnd(error)) return;
        const fields = { error: asError(error) };
        this.#ports.logger.warn(fields, "commands couldn't be read; it is tried again");
        this.#ports.clock.setTimer(RETRY_DELAY_MS * 10, () => this.#pump());
      })
      .finally(() => {
        this.#loading = undefined;
        this.#goneMeanwhile.clear();
      });
  }

  async #loadNext(): Promise<void> {
    await this.#ports.settle();
    if (this.#closed) return;
    const { views, rows } = this.#ports;
    const range = under(rows.commandsKey(this.#aggregate));
    const found: [InstanceName, StoredCommand][] = [];
    let complete = true;
    for (const { key, value } of views.rows("rows", range)) {
      const [, , , owner, instanceId] = key as [string, string, string, string, string];
      const command = value as StoredCommand;
      const { id } = command.request;
      if (this.#entries.has(id) || this.#goneMeanwhile.has(id)) continue;
      // Those of one instance come in the order of asking: what is left out is behind what is taken.
      if (this.#entries.size + found.length >= LOADED_MAX) {
        complete = false;
        break;
      }
      found.push([{ owner, instanceId }, command]);
    }
    found.sort(([, a], [, b]) => a.position - b.position);
    for (const [name, command] of found) this.#enter(name, command);
    const meanwhile = this.#meanwhile;
    this.#meanwhile = new Map();
    // What had no room here is found on disk, once there is room.
    this.#overflown = !complete || meanwhile.size > LOADED_MAX;
    for (const [name, command] of meanwhile.values()) this.add(name, command);
    this.#ports.clock.defer(() => this.#pump());
  }
}
