/** Looking at a directory without the service that owns it. */
import type { AdminClient } from "../admin/index.js";
import { OWN_PROCESS } from "../admin/index.js";
import { openStores, startRuntime } from "./open.js";
import { portsOf, type RuntimeOptions } from "./options.js";

/** What `openAdmin` is given. */
export interface OpenAdminOptions {
  /** As given to `openRuntime`. */
  readonly directory: string;
  /**
   * What the service is opened with. Without it only what needs no code can be asked: `info`, `events`, `streams`, `stream`, `timers`,
   * `outbox`, `claims` and `audit`.
   */
  readonly definitions?: Pick<
    RuntimeOptions,
    | "aggregates"
    | "sagas"
    | "ruleSets"
    | "projections"
    | "reactors"
    | "externalProjections"
    | "limits"
    | "privacy"
  >;
}

/**
 * Opens a directory for looking, whether or not its service runs: nothing is written, and what only the running service knows is
 * refused with an OwnerNeededError.
 *
 * @returns A client; close it when it isn't needed any more.
 * @throws JournalFormatError - There is no journal in the directory, or not one that this version can read.
 */
export async function openAdmin({
  directory,
  definitions,
}: OpenAdminOptions): Promise<AdminClient> {
  const options = { aggregates: [], ...definitions, directory, readOnly: true };
  const ports = portsOf(options);
  const stores = await openStores(options, ports);
  const withoutDefinitions = definitions === undefined;
  const runtime = await startRuntime(stores, { ...options, withoutDefinitions }, ports);
  const client = runtime.admin(OWN_PROCESS);
  return {
    call: (operation, input, given) => client.call(operation, input, given),
    close: () => runtime.close(),
  };
}
