/** What `tidemark sagas` can do to an instance. */
import type { Command } from "commander";
import { given, jsonOf, named } from "./arguments.js";
import { asking, change, withChangeOptions, type ChangeOptions } from "./command.js";
import type { Shell } from "./shell.js";

interface Simple {
  readonly name: string;
  readonly operation: "saga.park" | "saga.retry" | "saga.discard" | "saga.end";
  readonly description: string;
  readonly will: (instance: string) => string;
  readonly did: (instance: string) => string;
}

const SIMPLE: readonly Simple[] = [
  {
    name: "park",
    operation: "saga.park",
    description: "stop an instance where it is; its inputs are kept",
    will: (instance) => `${instance} will stop where it is; what comes for it is kept.`,
    did: (instance) => `${instance} is parked`,
  },
  {
    name: "retry",
    operation: "saga.retry",
    description: "let a parked instance go on, with what was kept for it",
    will: (instance) => `${instance} will try again what it was parked for, and go on.`,
    did: (instance) => `${instance} goes on`,
  },
  {
    name: "discard",
    operation: "saga.discard",
    description: "let a parked instance go on without what was kept for it",
    will: (instance) =>
      `${instance} will go on without the inputs that were kept for it, which are lost to it.`,
    did: (instance) => `${instance} goes on without what was kept`,
  },
  {
    name: "end",
    operation: "saga.end",
    description: "end an instance where it is; nothing is undone",
    will: (instance) =>
      `${instance} will end where it is, for good; nothing that it did is undone.`,
    did: (instance) => `${instance} has ended`,
  },
];

export function addSagaChanges(shell: Shell, parent: Command): void {
  for (const each of SIMPLE) addSimple(shell, parent, each);
  addSend(shell, parent);
}

function changing(parent: Command, name: string, description: string): Command {
  const command = parent
    .command(name)
    .description(description)
    .addArgument(named("saga", "<saga>", "its name"))
    .argument("<instance>", "its id");
  return withChangeOptions(command);
}

function addSimple(
  shell: Shell,
  parent: Command,
  { operation, will, did, ...simple }: Simple,
): void {
  const command = changing(parent, simple.name, simple.description);
  asking<ChangeOptions, [name: string, instanceId: string]>(
    shell,
    command,
    (session, name, instanceId) => {
      const instance = `${name} ${instanceId}`;
      const input = { name, instanceId };
      return change(session, {
        operation,
        input,
        will: will(instance),
        did: () => [did(instance)],
      });
    },
  );
}

type SendArgs = [name: string, instanceId: string, type: string, data: unknown];

function addSend(shell: Shell, parent: Command): void {
  const command = changing(parent, "send", "hand an instance an event")
    .argument("<type>", "of the event")
    .argument("[data]", "JSON: '{\"cents\": 5}'", jsonOf)
    .addHelpText("after", "\nExample: tidemark sagas send transfer order-7 Revoked --yes\n");
  asking<ChangeOptions, SendArgs>(shell, command, (session, name, instanceId, type, data) =>
    change(session, {
      operation: "saga.send",
      input: { name, instanceId, event: { type, ...given({ data }) } },
      will: `${name} ${instanceId} will get the event ${type}.`,
      did: () => [`${name} ${instanceId} has the event ${type}`],
    }),
  );
}
