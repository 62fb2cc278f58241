/** The door of the sagas: what the other parts may use. */
export {
  commandTo,
  compensate,
  send,
  type AnsweredCommand,
  type AnswerEvent,
  type CommandFailure,
  type CommandInput,
  type CommandOutput,
  type CompensatedEvent,
  type CompensationFailedEvent,
  type EventOfTarget,
  type Expression,
  type ExpressionArgs,
  type SagaAction,
  type SendingOptions,
  type SendOptions,
} from "./actions.js";
export { MachineRefusedError } from "./machine-check.js";
export { NotDurableError } from "./machine-runner.js";
export type { MigratedInstance } from "./runnable-saga.js";
export {
  resume,
  saga,
  start,
  startOrResume,
  type Correlation,
  type Correlations,
  type EarlierVersion,
  type Saga,
  type SagaDefinition,
} from "./saga.js";
export {
  Sagas,
  type InputOptions,
  type SagaAnswer,
  type SagaInstance,
  type SagaStatus,
  type StateCount,
} from "./sagas.js";
export type { GraphEdge, GraphState, SagaGraph } from "./saga-graph.js";
export { SagaSystem, type SagaSystemOptions } from "./saga-system.js";
export type { InstanceCommand } from "./saga-behavior.js";
export { checkGivenEvent } from "./given-event.js";
export type { SagaProblem } from "./saga-health.js";
export type {
  AnswerAddress,
  Compensation,
  InstanceState,
  InstanceStatus,
  MachineState,
  SagaInput,
  StepRecord,
} from "./instance.js";
export type { DeployGroup, DeployReport } from "./deploy-check.js";
export type { InstancePage, InstanceQuery, ListedInstance } from "./instance-list.js";
export type { HistoryEntry } from "./instance-history.js";
export { fateOf } from "./machine-versions.js";
export { evolveInstance } from "./instance-fold.js";
export { NEW_INSTANCE } from "./instance.js";
export { SagaCounts } from "./saga-counts.js";
export { replayInput } from "./replay-input.js";
