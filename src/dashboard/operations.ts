/** Which of the operations look, and which change something. Both are named: what isn't in the table isn't offered. */
import type { OperationName } from "../index.js";

export type Effect = "look" | "change";

const EFFECTS: Readonly<Record<OperationName, Effect>> = {
  info: "look",
  overview: "look",
  metrics: "look",
  events: "look",
  streams: "look",
  stream: "look",
  state: "look",
  diff: "look",
  timeline: "look",
  projections: "look",
  "projection.diff": "look",
  "projection.parked": "look",
  "projection.audit": "look",
  "projection.documents": "look",
  "projection.pause": "change",
  "projection.resume": "change",
  "projection.rebuild": "change",
  "projection.approve": "change",
  "projection.cancelRebuild": "change",
  "projection.rollback": "change",
  "projection.dropRetired": "change",
  "projection.skip": "change",
  "projection.replayParked": "change",
  "projection.discardParked": "change",
  "projection.rebuildKey": "change",
  sagas: "look",
  "saga.diagram": "look",
  "saga.instances": "look",
  "saga.instance": "look",
  "saga.check": "look",
  "saga.refused": "look",
  "saga.send": "change",
  "saga.park": "change",
  "saga.retry": "change",
  "saga.discard": "change",
  "saga.end": "change",
  rules: "look",
  "rules.sessions": "look",
  "rules.session": "look",
  "rules.alerts": "look",
  "rules.explain": "look",
  "rules.park": "change",
  "rules.release": "change",
  "rules.discard": "change",
  timers: "look",
  outbox: "look",
  claims: "look",
  nats: "look",
  "imports.parked": "look",
  "imports.replay": "change",
  "imports.discard": "change",
  "imports.acceptGaps": "change",
  audit: "look",
  deadLetters: "look",
  backup: "change",
  forget: "change",
  rotateKeys: "change",
  compact: "change",
  tombstone: "change",
};

export function isOperation(name: string): name is OperationName {
  return Object.hasOwn(EFFECTS, name);
}

export function effectOf(operation: OperationName): Effect {
  return EFFECTS[operation];
}
