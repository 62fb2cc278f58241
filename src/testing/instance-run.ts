/**
 * An instance of a saga outside a runtime, at moments that are given: its events go through the codec once, and its states are
 * frozen, so what couldn't be recorded or folds in place fails here already.
 */
import { isRejected, type DecideContext } from "../../actors/index.js";
import { throughCodec } from "../../journal/index.js";
import type { InstanceCommand, InstanceState, Saga, SagaInput } from "../../sagas/index.js";
import { EMPTY_DATA, type Message } from "../kernel/event.js";
import { streamIdOf } from "../kernel/ids.js";
import { deepFrozen, frozenCopy } from "./frozen-copy.js";

/** What came of a command to an instance. */
export type InstanceOutcome =
  | { readonly refused: string }
  | { readonly refused: undefined; readonly events: readonly Message[] };

/** An instance between two inputs. Each step gives another one. */
export class InstanceRun {
  readonly saga: Saga;
  readonly instanceId: string;
  readonly state: InstanceState;
  /** Events so far. */
  readonly version: number;

  constructor(saga: Saga, instanceId: string, state?: InstanceState, version = 0) {
    this.saga = saga;
    this.instanceId = instanceId;
    this.state = state ?? (saga.behavior.initialState(instanceId) as InstanceState);
    this.version = version;
  }

  take(input: SagaInput, nowMs: number): readonly [InstanceRun, InstanceOutcome] {
    return this.command({ type: "take", data: { input } }, nowMs);
  }

  command(command: InstanceCommand, nowMs: number): readonly [InstanceRun, InstanceOutcome] {
    const { behavior, name } = this.saga;
    const context: DecideContext = {
      nowMs,
      entityId: this.instanceId,
      streamId: streamIdOf(name, this.instanceId),
      version: this.version,
      commandId: undefined,
      correlationId: undefined,
      causationId: undefined,
      headers: undefined,
      newId: () => "",
    };
    const data = frozenCopy(`data of ${command.type}`, command.data);
    const decision = behavior.decide(this.state, command.type, data, context);
    if (isRejected(decision)) return [this, { refused: decision.code }];
    const events = decision.map((event) => ({
      type: event.type,
      data: frozenCopy(`data of event ${event.type}`, event.data),
    }));
    return [this.after(events), { refused: undefined, events }];
  }

  /** The instance after events that were recorded. */
  after(events: readonly Message[]): InstanceRun {
    const { behavior } = this.saga;
    let { state } = this;
    for (const { type, data = EMPTY_DATA } of events)
      state = deepFrozen(behavior.evolve(state, type, data) as InstanceState);
    return new InstanceRun(this.saga, this.instanceId, state, this.version + events.length);
  }

  /** The same without anything remembered: as another process would find it. */
  restarted(): InstanceRun {
    return new InstanceRun(this.saga, this.instanceId, throughCodec(this.state), this.version);
  }
}
