/**
 * `tidemark/testing`: what users need to test their domain, with no server, no disk and no sleeping; and, where a real disk or a real
 * server is what is asked about, one of each that nobody has to clean up after.
 *
 * @packageDocumentation
 */
export { InjectedFaultError, type Fault } from "./faulty-journal.js";
export { ManualClock } from "./manual-clock.js";
export { MemoryDirectory, openMemoryRuntime, type MemoryRuntimeOptions } from "./memory-runtime.js";
export { NatsServer, type NatsServerOptions } from "./nats-server.js";
export { scanForPlainText, type PlainTextFinding } from "./plain-text-scan.js";
export { pickAt, randomAt } from "./random.js";
export { given, type Given, type SpecificationContext, type Then } from "./specification.js";
export { givenSaga, type AskedCommand, type SagaSpecification } from "./saga-specification.js";
export {
  recordSagaHistory,
  replaySagaHistory,
  type SagaHistory,
  type SagaHistoryStep,
} from "./saga-history.js";
export { givenRules, type GivenEvent, type RulesSpecification } from "./rules-specification.js";
export { inTemporaryDirectory } from "./temporary-directory.js";
