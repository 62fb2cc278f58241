/** An instance as an actor: one command for each thing that can be done to it, its events as they are folded. */
import type { AnyMachineSnapshot } from "xstate";
import { aggregate, reject, type AnyAggregate, type DecideContext } from "../actors/index.js";
import type { Hand } from "../src/delivery/index.js";
import type { Message } from "../src/kernel/event.js";
import { InstanceDraft, type RecordLimits } from "./instance-draft.js";
import { evolveInstance } from "./instance-fold.js";
import { NEW_INSTANCE, SAGA_EVENT_TYPES, type InstanceState, type SagaInput } from "./instance.js";
import { takeInput, takeKept } from "./instance-step.js";
import type { RunnableSaga } from "./runnable-saga.js";
import type { StepContext } from "./step.js";

/** What a step that can't be recorded within parks the instance; the defaults where absent. */
interface Limited {
  readonly limits?: RecordLimits;
}

/** What can be asked of an instance. */
export type InstanceCommand =
  | { readonly type: "take"; readonly data: Limited & { readonly input: SagaInput } }
  | { readonly type: "park"; readonly data: Hand }
  /** Takes what was kept. */
  | { readonly type: "release"; readonly data: Limited & { readonly hand: Hand } }
  /** Goes on without what was kept. */
  | { readonly type: "discard"; readonly data: Hand }
  | { readonly type: "end"; readonly data: Hand };

export function sagaBehavior(saga: RunnableSaga): AnyAggregate["behavior"] {
  const actor = new SagaActor(saga);
  const evolve = [...SAGA_EVENT_TYPES, ...saga.emits].map((type) => [
    type,
    (state: InstanceState, data: unknown) => actor.evolve(state, { type, data }),
  ]);
  const definition = aggregate<InstanceState, InstanceCommand, Message>({
    name: saga.name,
    // Each its own: what is remembered of a state is remembered by its identity.
    initialState: () => ({ ...NEW_INSTANCE }),
    decide: {
      take: (state, data, context) => actor.take(state, data, context),
      park: (state, data, context) => actor.park(state, data, context),
      release: (state, data, context) => actor.release(state, data, context),
      discard: (state, data, context) => actor.discard(state, data, context),
      end: (state, data, context) => actor.end(state, data, context),
    },
    evolve: Object.fromEntries(evolve) as Record<
      string,
      (state: InstanceState, data: unknown) => InstanceState
    >,
  });
  return definition.behavior;
}

/** A decision between its events and their fold. */
interface Decided {
  state: InstanceState;
  /** That aren't folded yet. */
  events: number;
  /** Of the last event, and the state after it: the draft has folded all of them once. */
  readonly lastData: unknown;
  readonly after: InstanceState;
  readonly snapshot: AnyMachineSnapshot;
}

class SagaActor {
  readonly #saga: RunnableSaga;
  /** The machine at a state that is in memory: finding it again costs more than a step. */
  readonly #snapshots = new WeakMap<InstanceState, AnyMachineSnapshot>();
  /** What was decided last and isn't folded yet. */
  #decided: Decided | undefined;

  constructor(saga: RunnableSaga) {
    this.#saga = saga;
  }

  take(
    state: InstanceState,
    { input, limits }: Limited & { readonly input: SagaInput },
    context: DecideContext,
  ) {
    const draft = this.#draftOf(state, context);
    const refusal = takeInput(draft, input, this.#contextOf(context, limits));
    return refusal === undefined ? this.#eventsOf(draft, state) : reject(refusal);
  }

  park(state: InstanceState, hand: Hand, context: DecideContext) {
    if (state.status === "parked") return [];
    if (state.status === "ended" || state.machine === null) return reject(refusalOf(state));
    const draft = this.#draftOf(state, context);
    const problem = hand.reason ?? "parked by hand";
    draft.record({ type: "saga.parked", data: { ...hand, problem } });
    return this.#eventsOf(draft, state);
  }

  release(
    state: InstanceState,
    { hand, limits }: Limited & { readonly hand: Hand },
    context: DecideContext,
  ) {
    if (state.status !== "parked") return reject("not-parked");
    const draft = this.#draftOf(state, context);
    draft.record({ type: "saga.released", data: hand });
    takeKept(draft, state.kept, this.#contextOf(context, limits));
    return this.#eventsOf(draft, state);
  }

  discard(state: InstanceState, hand: Hand, context: DecideContext) {
    if (state.status !== "parked") return reject("not-parked");
    const draft = this.#draftOf(state, context);
    draft.record({ type: "saga.released", data: { ...hand, discarded: state.kept.length } });
    return this.#eventsOf(draft, state);
  }

  end(state: InstanceState, hand: Hand, context: DecideContext) {
    if (state.status === "ended") return [];
    if (state.machine === null && state.kept.length === 0) return reject("unknown-instance");
    const draft = this.#draftOf(state, context);
    draft.record({ type: "saga.ended", data: hand });
    return this.#eventsOf(draft, state);
  }

  evolve(state: InstanceState, event: Message): InstanceState {
    const decided = this.#decided;
    if (decided?.state !== state) return evolveInstance(state, event);
    const isFolded = decided.events === 1 && decided.lastData === event.data;
    const next = isFolded ? decided.after : evolveInstance(state, event);
    decided.state = next;
    decided.events -= 1;
    if (decided.events > 0) return next;
    this.#snapshots.set(next, decided.snapshot);
    this.#decided = undefined;
    return next;
  }

  #draftOf(state: InstanceState, { version }: DecideContext): InstanceDraft {
    return new InstanceDraft(state, this.#snapshots.get(state), version > 0);
  }

  #contextOf({ entityId, nowMs }: DecideContext, limits: RecordLimits | undefined): StepContext {
    const context = { saga: this.#saga, instanceId: entityId, nowMs };
    return limits === undefined ? context : { ...context, limits };
  }

  #eventsOf(draft: InstanceDraft, state: InstanceState): readonly Message[] {
    const { events, snapshot } = draft;
    // An event that isn't the machine's leaves the state as it is, and with it nothing to remember.
    if (snapshot === undefined || events.length === 0) this.#decided = undefined;
    else {
      const lastData = events[events.length - 1]?.data;
      this.#decided = { state, events: events.length, lastData, after: draft.state, snapshot };
    }
    return events;
  }
}

function refusalOf({ status }: InstanceState): string {
  return status === "ended" ? "instance-ended" : "unknown-instance";
}
