/** Which way a command takes: to the actors of this runtime, or to another service. */
import type { CommandPort } from "../kernel/command-port.js";
import type { Messaging } from "../messaging/messaging.js";
import type { Wire } from "../privacy/wire.js";
import type { LocalCommands } from "./local-commands.js";

/** A remote aggregate that this runtime has itself is asked here: a message would come back to it anyway. */
export function commandPortOf(
  local: LocalCommands,
  messaging: Messaging<never>,
  wire?: Wire,
): CommandPort {
  return {
    ask: (target, entityId, given, sending) => {
      const command = wire?.upToDate(given) ?? given;
      return target.remote === true && !local.has(target.name)
        ? messaging.ask(target, entityId, command, sending)
        : local.askByName(target.name, entityId, command, sending);
    },
  };
}
