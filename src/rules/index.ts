/** The door of the rules: what the other parts may use. */
export { RuleFailedError, SessionFullError } from "./errors.js";
export {
  fact,
  signal,
  type DataOfKind,
  type FactKind,
  type Kind,
  type SignalKind,
} from "./fact.js";
export {
  rule,
  type CollectOptions,
  type FactInfo,
  type PatternOptions,
  type Binding,
  type Flattened,
  type Predicate,
  type Rule,
  type RuleBuilder,
} from "./rule.js";
export {
  ruleSet,
  type AlertOfRule,
  type AlertsOf,
  type NamedAlert,
  type RuleSet,
  type RuleSetDefinition,
} from "./rule-set.js";
export type { SessionLimits } from "./runnable-rules.js";
export {
  sequence,
  type SequenceEvent,
  type SequenceEventOf,
  type SequenceKind,
  type SequenceOptions,
  type SequenceStep,
  type SequenceValue,
} from "./sequence.js";
export type { SessionCommand } from "./session-behavior.js";
export { replayInput, wakeBefore } from "./session-step.js";
export type { FiredCause } from "./cause.js";
export {
  NEW_SESSION,
  type EventInput,
  type Fired,
  type FiredFact,
  type FiredRecord,
  type KeptEvent,
  type SessionInput,
  type SessionState,
  type StepRecord,
} from "./session.js";
export {
  counter,
  sessionWindow,
  slidingWindow,
  tumblingWindow,
  type CounterKind,
  type SessionWindowKind,
  type SlidingWindowKind,
  type TumblingWindowKind,
  type WindowKind,
  type WindowValue,
} from "./window.js";
export type { Act, MatchedFact, Sample, WorkingMemory } from "./working-memory.js";
export type { AlertQuery, RaisedAlert } from "./alerts.js";
export {
  changeText,
  type ChangeReport,
  type FiringSample,
  type RuleChange,
} from "./change-report.js";
export type { ExplainedFact, Explanation } from "./explanation.js";
export type { ListedSession, SessionCount, SessionQuery } from "./session-list.js";
export type { RuleProblem } from "./rule-health.js";
export type { RuleSendOptions } from "./sending.js";
export { RuleSystem, type RuleSystemOptions } from "./rule-system.js";
export { Rules, type RulesAnswer, type RuleSetStatus } from "./rules.js";
export { sessionOf, type Session, type SessionFact, type WaitingMatch } from "./session-view.js";
export type { ChangePhase, ChangeStatus } from "./version-change.js";
