/**
 * A session of a rule set outside a runtime: its events go through the codec once, and its states are frozen, so what couldn't be
 * recorded or folds in place fails here already.
 */
import { isRejected, type DecideContext } from "../../actors/index.js";
import { throughCodec } from "../../journal/index.js";
import { EMPTY_DATA, type Message } from "../kernel/event.js";
import { streamIdOf } from "../kernel/ids.js";
import type { RuleSet, SessionCommand, SessionInput, SessionState } from "../rules/index.js";
import { deepFrozen, frozenCopy } from "./frozen-copy.js";

/** What came of a command to a session. */
export type SessionOutcome =
  | { readonly refused: string }
  | { readonly refused: undefined; readonly events: readonly Message[] };

/** A session between two inputs. Each gives another one. */
export class SessionTrial {
  readonly rules: RuleSet;
  readonly sessionId: string;
  readonly state: SessionState;
  /** Events so far. */
  readonly version: number;

  constructor(rules: RuleSet, sessionId: string, state?: SessionState, version = 0) {
    this.rules = rules;
    this.sessionId = sessionId;
    this.state = state ?? (rules.behavior.initialState(sessionId) as SessionState);
    this.version = version;
  }

  take(input: SessionInput, nowMs = 0): readonly [SessionTrial, SessionOutcome] {
    return this.command({ type: "take", data: { input } }, nowMs);
  }

  command(command: SessionCommand, nowMs = 0): readonly [SessionTrial, SessionOutcome] {
    const { behavior, name } = this.rules;
    const context: DecideContext = {
      nowMs,
      entityId: this.sessionId,
      streamId: streamIdOf(name, this.sessionId),
      version: this.version,
      commandId: undefined,
      correlationId: undefined,
      causationId: undefined,
      headers: undefined,
      newId: () => "",
    };
    const data = deepFrozen(throughCodec(command.data));
    const decision = behavior.decide(this.state, command.type, data, context);
    if (isRejected(decision)) return [this, { refused: decision.code }];
    const events = decision.map((event) => ({
      type: event.type,
      data: frozenCopy(`data of event ${event.type}`, event.data),
    }));
    return [this.after(events), { refused: undefined, events }];
  }

  /** The session after events that were recorded. */
  after(events: readonly Message[]): SessionTrial {
    const { behavior } = this.rules;
    let { state } = this;
    for (const { type, data = EMPTY_DATA } of events)
      state = deepFrozen(behavior.evolve(state, type, data) as SessionState);
    return new SessionTrial(this.rules, this.sessionId, state, this.version + events.length);
  }

  /** The same without anything remembered: as another process would find it. */
  restarted(rules: RuleSet = this.rules): SessionTrial {
    return new SessionTrial(rules, this.sessionId, throughCodec(this.state), this.version);
  }
}
