/** A session as an actor: one command for each thing that can be done to it, its events as they are folded. */
import { aggregate, reject, type AnyAggregate, type DecideContext } from "../../actors/index.js";
import type { Hand } from "../delivery/index.js";
import type { Message } from "../kernel/event.js";
import { defaultLimits } from "../kernel/limits.js";
import { adoptionOf, type Adopted } from "./adoption.js";
import { liveOf, remember } from "./live-sessions.js";
import { releaseKept, type ReleasedEvent } from "./release.js";
import type { RunnableRules } from "./runnable-rules.js";
import { SessionDraft, type RecordLimits } from "./session-draft.js";
import { evolveSession, hasAdopted } from "./session-fold.js";
import { takeInput, timersAnew, type StepContext } from "./session-step.js";
import { NEW_SESSION, RULES_EVENT_TYPES, type SessionInput, type SessionState } from "./session.js";
import { timerChanges } from "./step-record.js";

/** What a step that can't be recorded within parks the session; the defaults where absent. */
interface Limited {
  readonly limits?: RecordLimits;
}

/** What can be asked of a session. */
export type SessionCommand =
  /**
   * Takes an input. Refused with `session-full` where too many wait already, and with `wake-first` where more is due before an
   * event than one commit can hold: give it `wakeBefore` that event, then the event again.
   */
  | {
      readonly type: "take";
      readonly data: Limited & {
        readonly input: SessionInput;
        /** Of the rule set that is to take it; by default the newest. */
        readonly version?: number;
      };
    }
  | { readonly type: "park"; readonly data: Hand }
  /**
   * Takes the oldest of what was kept, as much of it as is given and fits into one commit. The session stays parked as long as
   * something is left: give the next, until `kept` is empty or the answer has a `rules.parked`. Refused with `not-parked`, and
   * with `not-kept` where something else is given.
   */
  | {
      readonly type: "release";
      readonly data: Limited & {
        readonly hand: Hand;
        /** The oldest, in order; at least one where there is one. */
        readonly events: readonly ReleasedEvent[];
      };
    }
  /** Goes on without what was kept. */
  | { readonly type: "discard"; readonly data: Hand }
  /**
   * Takes over the working state that a replay of history up to `position` made; empties it where the replay has no such session.
   * A parked session goes on with it. Refused with `replay-behind` where the session has taken, or keeps, later inputs,
   * and with `adopted-before` where it has taken over that replay's.
   */
  | { readonly type: "adopt"; readonly data: Limited & Adopted };

type DataOfCommand<Type extends SessionCommand["type"]> = Extract<
  SessionCommand,
  { readonly type: Type }
>["data"];

/** @param previous - Takes what is given to its version, until the newest one takes over. */
export function sessionBehavior(
  rules: RunnableRules,
  previous?: RunnableRules,
): AnyAggregate["behavior"] {
  const actor = new SessionActor(rules, previous);
  const evolve = RULES_EVENT_TYPES.map((type) => [
    type,
    (state: SessionState, data: unknown) => actor.evolve(state, { type, data }),
  ]);
  const definition = {
    name: rules.name,
    // Each its own: what is remembered of a state is remembered by its identity.
    initialState: () => ({ ...NEW_SESSION }),
    decide: {
      take: (state: SessionState, data: DataOfCommand<"take">, context: DecideContext) =>
        actor.take(state, data, context),
      park: (state: SessionState, data: Hand, context: DecideContext) =>
        actor.park(state, data, context),
      release: (state: SessionState, data: DataOfCommand<"release">, context: DecideContext) =>
        actor.release(state, data, context),
      discard: (state: SessionState, data: Hand, context: DecideContext) =>
        actor.discard(state, data, context),
      adopt: (state: SessionState, data: DataOfCommand<"adopt">, context: DecideContext) =>
        actor.adopt(state, data, context),
    },
    evolve: Object.fromEntries(evolve) as Record<
      string,
      (state: SessionState, data: unknown) => SessionState
    >,
    // Alerts are named by rules as they fire, and change nothing.
    evolveOther: (state: SessionState, data: unknown) => actor.evolve(state, { type: "", data }),
  };
  return aggregate<SessionState, SessionCommand, Message>(definition).behavior;
}

/** A decision between its events and their fold. */
interface Decided {
  /** That the next event is folded into. */
  state: SessionState;
  readonly draft: SessionDraft;
  /** Events that are folded. */
  folded: number;
}

class SessionActor {
  readonly #rules: RunnableRules;
  readonly #previous: RunnableRules | undefined;
  /** What was decided last and isn't folded yet: the draft has folded all of it once. */
  #decided: Decided | undefined;

  constructor(rules: RunnableRules, previous: RunnableRules | undefined) {
    this.#rules = rules;
    this.#previous = previous;
  }

  take(
    state: SessionState,
    { input, limits, version }: DataOfCommand<"take">,
    context: DecideContext,
  ) {
    const draft = this.#draftOf(state, context);
    const previous = this.#previous;
    const rules = previous !== undefined && previous.version === version ? previous : this.#rules;
    const refusal = takeInput(draft, input, { ...this.#contextOf(context, limits), rules });
    return refusal === undefined ? this.#eventsOf(draft, state) : reject(refusal);
  }

  park(state: SessionState, hand: Hand, context: DecideContext) {
    if (state.status === "parked") return [];
    const draft = this.#draftOf(state, context);
    const problem = hand.reason ?? "parked by hand";
    draft.record({ type: "rules.parked", data: { ...hand, problem } });
    return this.#eventsOf(draft, state);
  }

  release(
    state: SessionState,
    { hand, events, limits }: DataOfCommand<"release">,
    context: DecideContext,
  ) {
    if (state.status !== "parked") return reject("not-parked");
    const draft = this.#draftOf(state, context);
    const isKept = releaseKept(draft, events, hand, this.#contextOf(context, limits));
    return isKept ? this.#eventsOf(draft, state) : reject("not-kept");
  }

  discard(state: SessionState, hand: Hand, context: DecideContext) {
    if (state.status !== "parked") return reject("not-parked");
    const draft = this.#draftOf(state, context);
    const timers = timersAnew(draft, this.#rules);
    const { length: taken } = state.kept;
    const discarded = { ...hand, taken, discarded: true as const };
    draft.record({ type: "rules.released", data: { ...discarded, ...timers } });
    return this.#eventsOf(draft, state);
  }

  adopt(state: SessionState, { limits, ...given }: DataOfCommand<"adopt">, context: DecideContext) {
    if (state.position > given.position) return reject("replay-behind");
    // One that has nothing, or has taken over what there was.
    const isDone = state.version === 0 || state.version === given.version;
    if (given.state === undefined && isDone) return [];
    // Time may have come to it since then: what was done mustn't be done again.
    if (hasAdopted(state, given.version, given.position)) return reject("adopted-before");
    const draft = this.#draftOf(state, context);
    const { eventDataBytesMax } = limits ?? defaultLimits;
    const records = adoptionOf(given, eventDataBytesMax);
    for (const data of records.slice(0, -1)) draft.record({ type: "rules.adopted", data });
    const mark = draft.mark();
    const last = records[records.length - 1] ?? {};
    draft.record({ type: "rules.adopted", data: last });
    // When it is to be woken is known once all of it is there.
    const live = liveOf(this.#rules, draft.state);
    draft.rewind(mark);
    const timers = timerChanges(live, draft.state.timers, false);
    draft.record({ type: "rules.adopted", data: { ...last, ...timers } });
    draft.live = live;
    return this.#eventsOf(draft, state);
  }

  evolve(state: SessionState, event: Message): SessionState {
    const decided = this.#decided;
    if (decided?.state !== state) return evolveSession(state, event);
    const { events, states, live } = decided.draft;
    const { folded } = decided;
    const isFolded = events[folded]?.data === event.data;
    const next = (isFolded ? states[folded] : undefined) ?? evolveSession(state, event);
    decided.state = next;
    decided.folded += 1;
    if (isFolded && decided.folded < events.length) return next;
    this.#decided = undefined;
    if (isFolded && live !== undefined) remember(next, live);
    return next;
  }

  #draftOf(state: SessionState, { version }: DecideContext): SessionDraft {
    return new SessionDraft(state, undefined, version > 0);
  }

  #contextOf({ entityId, nowMs }: DecideContext, limits: RecordLimits | undefined): StepContext {
    const context = { rules: this.#rules, sessionId: entityId, nowMs };
    return limits === undefined ? context : { ...context, limits };
  }

  #eventsOf(draft: SessionDraft, state: SessionState): readonly Message[] {
    const { events, live } = draft;
    if (events.length > 0) this.#decided = { state, draft, folded: 0 };
    else if (live !== undefined) remember(state, live);
    return events;
  }
}
