/** Through which doors a runtime can be operated. */
import { checkObject } from "../kernel/check.js";
import { InvalidArgumentError } from "../kernel/errors.js";

/** What `admin` of `openRuntime` is given. */
export interface AdminOptions {
  /**
   * Whether the owner of a directory listens at `control.sock` in it, which only its user can open: for the command line. Defaults to
   * true.
   */
  readonly socket?: boolean;
  /**
   * Whether other machines can operate it over its transport: not at all (the default), by looking only, or by changing things, too.
   * Whoever may call endpoints of the service may then do that.
   */
  readonly nats?: "off" | "read" | "change";
  /** Whether those on other machines see data of events, states and documents; defaults to false. */
  readonly natsPayloads?: boolean;
}

/** @throws InvalidArgumentError - One isn't valid. */
export function checkAdminOptions(options: AdminOptions): void {
  checkObject("admin", options);
  const { socket, nats, natsPayloads } = options as Readonly<Record<string, unknown>>;
  for (const [name, value] of Object.entries({ socket, natsPayloads }))
    if (value !== undefined && typeof value !== "boolean")
      throw new InvalidArgumentError(`admin.${name}`, "true or false", value);
  if (nats !== undefined && nats !== "off" && nats !== "read" && nats !== "change")
    throw new InvalidArgumentError("admin.nats", '"off", "read" or "change"', nats);
}
