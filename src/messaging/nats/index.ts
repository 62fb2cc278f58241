/**
 * Messages over NATS: `openRuntime({ …, messaging: nats({ servers, prefix }) })`. Needs the package `nats`. See
 * docs/guides/nats.md.
 *
 * @packageDocumentation
 */
export { nats } from "./nats.js";
export type { NatsLogOptions, NatsOptions, NatsTls } from "./options.js";
export type { NatsAuth } from "./auth.js";
export {
  LogUnavailableError,
  MessageTooLargeError,
  NotPermittedError,
  UnsupportedServerError,
} from "./errors.js";
