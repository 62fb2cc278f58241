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
export {
  BEFORE_TIME_MS,
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
export type { AlertQuery, RaisedAlert } from "./alerts.js";
export {
  changeText,
  type ChangeReport,
  type FiringSample,
  type RuleChange,
} from "./change-report.js";
export type { ExplainedFact, Explanation } from "./explanation.js";
export type { ListedSession, SessionCount, SessionQuery } from "./session-list.js";
export { RuleSystem, type RuleSystemOptions } from "./rule-system.js";
export { Rules, type RulesAnswer, type RuleSetStatus } from "./rules.js";
export type { Session, SessionFact, WaitingMatch } from "./session-view.js";
export type { ChangePhase, ChangeStatus } from "./version-change.js";
