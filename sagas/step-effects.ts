/** What the transitions of one step ask for, gathered: commands with their ids, timers with their moments, events to emit. */
import type { AnyMachineSnapshot } from "xstate";
import {
  commandIdOf,
  type CommandAddress,
  type PendingCommand,
  type PendingTimer,
} from "../src/delivery/index.js";
import { checkId } from "../src/kernel/ids.js";
import { checkObject } from "../src/kernel/check.js";
import type { CommandTarget } from "../src/kernel/command-port.js";
import type { Message } from "../src/kernel/event.js";
import { describe } from "../src/kernel/errors.js";
import { checkPlainData } from "../src/kernel/plain-data.js";
import { checkSendingOptions, type SendingOptions } from "./actions.js";
import type { Compensation, InstanceState } from "./instance.js";
import { NotDurableError, type Effect, type MachineRunner } from "./machine-runner.js";
import { recordable } from "./recordable.js";

/** Within the depth that an event may have, less the levels of the record around it. */
const DATA_DEPTH_MAX = 26;
/** With the names of saga and instance it makes a key of the index. */
const TIMER_ID_BYTES_MAX = 1_000;
const TIMER_ID = /^[^\u0000-\u001f]*$/;
const ATTEMPTS_MAX = 20;
/** Three days and a half: what was done half must not stay so because a service was away overnight. */
const UNDO_ATTEMPTS_MAX = 10_000;

/** A step, as far as its effects must know it. */
export interface StepPlace {
  readonly saga: string;
  readonly instanceId: string;
  readonly step: number;
  readonly nowMs: number;
  readonly emits: ReadonlySet<string>;
  /** The instance without what the input has dealt with. */
  readonly before: InstanceState;
}

export class StepEffects {
  readonly #place: StepPlace;
  readonly #timers = new Map<string, PendingTimer>();
  readonly #cancelled = new Set<string>();
  readonly #abandoned = new Set<string>();
  #commands: PendingCommand[] = [];
  #count = 0;
  readonly emitted: Message[] = [];
  readonly notes: string[] = [];
  compensating: boolean;

  constructor(place: StepPlace) {
    this.#place = place;
    this.compensating = place.before.compensating;
  }

  get commands(): readonly PendingCommand[] {
    return this.#commands;
  }

  get timers(): readonly PendingTimer[] {
    return [...this.#timers.values()];
  }

  get cancelled(): readonly string[] {
    return [...this.#cancelled];
  }

  get abandoned(): readonly string[] {
    return [...this.#abandoned];
  }

  /** @throws InvalidArgumentError, NotDurableError - Something that was asked for can't be recorded. */
  add(effect: Effect): void {
    switch (effect.kind) {
      case "send": {
        const { target, entityId, command, as, compensateWith, ...options } = effect.request;
        const compensation =
          compensateWith === undefined ? undefined : addressOf(target, entityId, compensateWith);
        this.#request(addressOf(target, entityId, command), options, {
          as,
          ...(compensation === undefined ? {} : { compensation }),
        });
        break;
      }
      case "invoke": {
        checkObject(`input of the invocation ${effect.id}`, effect.input);
        const { entityId, command, attemptsMax, timeoutMs } = effect.input;
        this.#endInvocation(effect.id);
        this.#request(
          addressOf(effect.target, entityId, command),
          {
            ...(attemptsMax === undefined ? {} : { attemptsMax }),
            ...(timeoutMs === undefined ? {} : { timeoutMs }),
          },
          { as: effect.id, invocation: effect.id },
        );
        break;
      }
      case "set-timer":
        this.#setTimer(effect.id, effect.delayMs, effect.event);
        break;
      case "cancel-timer":
        this.#cancelTimer(effect.id);
        break;
      case "emit":
        this.#emit(effect.event);
        break;
      case "log":
        this.notes.push(noteOf(effect.label, effect.value));
        break;
      case "compensate":
        this.compensating = true;
    }
  }

  /** Sends what undoes something. */
  undo({ of, ...address }: Compensation): void {
    const options = { attemptsMax: UNDO_ATTEMPTS_MAX };
    this.#request(address, options, { as: "compensation", compensates: of });
  }

  /** What belongs to states that were left ends with them. */
  settle(runner: MachineRunner, snapshot: AnyMachineSnapshot): void {
    const live = runner.invocationsOf(snapshot);
    const { before } = this.#place;
    for (const { id, invocation } of before.commands)
      if (invocation !== undefined && !live.has(invocation)) this.#abandoned.add(id);
    this.#commands = this.#commands.filter(
      ({ invocation }) => invocation === undefined || live.has(invocation),
    );
    if (snapshot.status === "active") return;
    this.#timers.clear();
    for (const { id } of before.timers) this.#cancelled.add(id);
    for (const id of before.spent) this.#cancelled.add(id);
  }

  #request(
    address: CommandAddress,
    { attemptsMax = ATTEMPTS_MAX, timeoutMs }: SendingOptions,
    names: Pick<PendingCommand, "as" | "invocation" | "compensation" | "compensates">,
  ): void {
    const { saga, instanceId, step, nowMs } = this.#place;
    checkSendingOptions({ attemptsMax, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
    this.#commands.push({
      id: commandIdOf(saga, instanceId, step, this.#count),
      ...names,
      ...address,
      attemptsMax,
      ...(timeoutMs === undefined ? {} : { deadlineAtMs: nowMs + timeoutMs }),
    });
    this.#count += 1;
  }

  /** An invocation that begins anew takes the place of the one of the same name. */
  #endInvocation(invocation: string): void {
    for (const command of this.#place.before.commands)
      if (command.invocation === invocation) this.#abandoned.add(command.id);
    this.#commands = this.#commands.filter((command) => command.invocation !== invocation);
  }

  #setTimer(given: string | undefined, delayMs: number, event: PendingTimer["event"]): void {
    const { step, nowMs } = this.#place;
    const id = given ?? `${step}.${this.#count}`;
    this.#count += 1;
    if (!TIMER_ID.test(id) || Buffer.byteLength(id) > TIMER_ID_BYTES_MAX)
      throw new NotDurableError(
        `the id of a timer must be at most ${TIMER_ID_BYTES_MAX} bytes without control characters; ${describe(id)} isn't`,
      );
    if (!Number.isFinite(delayMs))
      throw new NotDurableError(
        `the delay of ${event.type} must be a number of milliseconds; it is ${delayMs}`,
      );
    const plain = recordable(event) as PendingTimer["event"];
    checkPlainData(`event ${event.type}`, plain, DATA_DEPTH_MAX);
    // A timer set again takes its place behind the others.
    this.#timers.delete(id);
    this.#timers.set(id, { id, dueAtMs: Math.ceil(nowMs + Math.max(0, delayMs)), event: plain });
    this.#cancelled.delete(id);
  }

  #cancelTimer(id: string): void {
    const { timers, spent } = this.#place.before;
    this.#timers.delete(id);
    if (timers.some((timer) => timer.id === id) || spent.includes(id)) this.#cancelled.add(id);
  }

  #emit({ type, ...rest }: Message): void {
    if (!this.#place.emits.has(type))
      throw new NotDurableError(
        `the machine emits ${type}: name it in emits of saga ${this.#place.saga}`,
      );
    // An event of XState is flat; one that is recorded has its data in one place.
    const data = recordable("data" in rest ? rest.data : rest);
    checkPlainData(`data of event ${type}`, data, DATA_DEPTH_MAX);
    this.emitted.push({ type, data });
  }
}

/** What a `log` action says, for the instance's history. */
function noteOf(label: string | undefined, value: unknown): string {
  const text = typeof value === "string" ? value : describe(value);
  return label === undefined ? text : `${label}: ${text}`;
}

function addressOf(target: CommandTarget, entityId: string, command: Message): CommandAddress {
  checkId(`entity id of a command to ${target.name}`, entityId);
  checkObject(`command to ${target.name}`, command);
  const { type, data } = command;
  checkId(`type of a command to ${target.name}`, type);
  const plain = data === undefined ? undefined : recordable(data);
  if (plain !== undefined) checkPlainData(`data of command ${type}`, plain, DATA_DEPTH_MAX);
  return {
    aggregate: target.name,
    ...(target.remote === true ? { remote: true as const } : {}),
    entityId,
    command: plain === undefined ? { type } : { type, data: plain },
  };
}
