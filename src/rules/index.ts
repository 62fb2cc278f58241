/** The door of the rules: what the other parts may use. */
export {
  fact,
  signal,
  type DataOfKind,
  type FactKind,
  type Kind,
  type SignalKind,
} from "./fact.js";
export { rule, type Rule } from "./rule.js";
export { ruleSet, type AlertsOf, type RuleSet, type RuleSetDefinition } from "./rule-set.js";
export { replayInput, takeInput, type Firing, type StepContext } from "./session-step.js";
export type { ReleasedEvent, SessionCommand } from "./session-behavior.js";
export {
  BEFORE_TIME_MS,
  isRepetition,
  NEW_SESSION,
  RULES_EVENT_TYPES,
  type EventInput,
  type Fired,
  type FiredRecord,
  type KeptEvent,
  type SessionEvent,
  type SessionInput,
  type SessionState,
  type StepRecord,
} from "./session.js";
export { sequence, type SequenceKind, type SequenceValue } from "./sequence.js";
export {
  counter,
  sessionWindow,
  slidingWindow,
  tumblingWindow,
  type WindowKind,
  type WindowValue,
} from "./window.js";
export type { Act, WorkingMemory } from "./working-memory.js";
