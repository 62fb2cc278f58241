/** What a command asks: a running service, or a directory that nobody has open for writing. */
import type { AdminClient } from "../index.js";

export interface TargetOptions {
  readonly dir?: string;
  readonly app?: string;
  readonly nats?: string;
  readonly service?: string;
  readonly prefix?: string;
  readonly insecure?: boolean;
}

export interface Target {
  readonly client: AdminClient;
  /** Undefined where it takes changes; else why it doesn't, and what to do. */
  readonly readOnly?: string;
}

/** Finds what the options name. @throws CliError - There is nothing, or not what they name. */
export type Connect = (options: TargetOptions, env: Environment) => Promise<Target>;

/** Variables of the environment. */
export type Environment = Readonly<Record<string, string | undefined>>;
