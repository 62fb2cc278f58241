/** What `tidemark projections` can do to a reader of the journal. */
import type { Command } from "commander";
import { given, named, positionOf } from "./arguments.js";
import { asking, change, withChangeOptions, type ChangeOptions } from "./command.js";
import type { Shell } from "./shell.js";
import { count, jsonText } from "./text.js";

interface Simple {
  readonly name: string;
  readonly alias?: string;
  readonly operation:
    | "projection.pause"
    | "projection.resume"
    | "projection.approve"
    | "projection.cancelRebuild"
    | "projection.rollback"
    | "projection.dropRetired";
  readonly description: string;
  readonly will: (name: string) => string;
  readonly did: (name: string) => string;
}

const SIMPLE: readonly Simple[] = [
  {
    name: "pause",
    operation: "projection.pause",
    description: "stop where it is, until it is resumed",
    will: (name) => `${name} will stop where it is: its view stays as it is, until it is resumed.`,
    did: (name) => `${name} is paused`,
  },
  {
    name: "resume",
    operation: "projection.resume",
    description: "go on from where it was paused, or stopped by an error",
    will: (name) => `${name} will go on from where it is.`,
    did: (name) => `${name} goes on`,
  },
  {
    name: "approve",
    alias: "flip",
    operation: "projection.approve",
    description: "let readers have the rebuilt generation",
    will: (name) => `Readers of ${name} will get the rebuilt generation; the one before is kept.`,
    did: (name) => `readers of ${name} get the rebuilt generation`,
  },
  {
    name: "cancel",
    operation: "projection.cancelRebuild",
    description: "give up a rebuild; readers notice nothing",
    will: (name) => `The rebuild of ${name} will be given up, and what it made thrown away.`,
    did: (name) => `the rebuild of ${name} is given up`,
  },
  {
    name: "rollback",
    operation: "projection.rollback",
    description: "let readers have the generation before again",
    will: (name) => `Readers of ${name} will get the generation that served before.`,
    did: (name) => `readers of ${name} get the generation that served before`,
  },
  {
    name: "drop",
    operation: "projection.dropRetired",
    description: "delete the generation before; there is no way back to it",
    will: (name) =>
      `The generation of ${name} that served before will be deleted: no rollback to it.`,
    did: (name) => `the generation of ${name} that served before is deleted`,
  },
];

export function addProjectionChanges(shell: Shell, parent: Command): void {
  for (const each of SIMPLE) addSimple(shell, parent, each);
  addRebuild(shell, parent);
  addSkip(shell, parent);
  addReplay(shell, parent);
  addDiscard(shell, parent);
}

function changing(parent: Command, name: string, description: string): Command {
  const command = parent.command(name).description(description);
  return withChangeOptions(command.addArgument(named("projection", "<name>", "its name")));
}

function addSimple(shell: Shell, parent: Command, simple: Simple): void {
  const { operation, will, did } = simple;
  const command = changing(parent, simple.name, simple.description);
  if (simple.alias !== undefined) command.alias(simple.alias);
  asking<ChangeOptions, [name: string]>(shell, command, (session, name) =>
    change(session, { operation, input: { name }, will: will(name), did: () => [did(name)] }),
  );
}

type RebuildOptions = ChangeOptions & { readonly approve?: boolean; readonly key?: string };

function addRebuild(shell: Shell, parent: Command): void {
  const command = changing(parent, "rebuild", "fold the journal anew beside the view that serves")
    .option("--approve", "wait for approval before readers get it; see projections diff")
    .option("--key <key>", "only this key of the view that serves, after mending its handler");
  asking<RebuildOptions, [name: string]>(shell, command, (session, name) => {
    const { approve, key } = session.options;
    if (key !== undefined)
      return change(session, {
        operation: "projection.rebuildKey",
        input: { name, key },
        will: `${name} will forget what it has under ${key}, and handle its events anew.`,
        did: ({ handled }) => [`${name} has handled ${count(handled, "event")} of ${key} anew`],
      });
    const then = approve === true ? "once it is approved" : "once it has caught up";
    return change(session, {
      operation: "projection.rebuild",
      input: { name, ...given({ approve }) },
      will: `${name} will be folded anew from the whole journal; readers get it ${then}.`,
      did: ({ generation }) => [
        `generation ${generation} of ${name} is being built; see tidemark projections show ${name}`,
      ],
    });
  });
}

function addSkip(shell: Shell, parent: Command): void {
  const command = changing(
    parent,
    "skip",
    "pass over an event that its handler can't take",
  ).argument("<position>", "of the event", positionOf);
  asking<ChangeOptions, [name: string, position: number]>(
    shell,
    command,
    (session, name, position) =>
      change(session, {
        operation: "projection.skip",
        input: { name, position },
        will: `${name} will never see the event at position ${position}.`,
        did: () => [`${name} passes over position ${position}`],
      }),
  );
}

function addReplay(shell: Shell, parent: Command): void {
  const command = changing(parent, "replay", "hand it what is parked once more, in order").option(
    "--key <key>",
    "only of one key",
  );
  asking<ChangeOptions & { readonly key?: string }, [name: string]>(
    shell,
    command,
    (session, name) => {
      const { key } = session.options;
      return change(session, {
        operation: "projection.replayParked",
        input: { name, ...given({ key }) },
        will: `${name} will get its parked events${key === undefined ? "" : ` of ${key}`} once more.`,
        did: ({ result }) => [`replayed: ${jsonText(result)}`],
      });
    },
  );
}

function addDiscard(shell: Shell, parent: Command): void {
  const command = changing(parent, "discard", "give up what is parked of a key")
    .argument("<key>", "whose events")
    .option("--position <position>", "only the one there", positionOf);
  asking<ChangeOptions & { readonly position?: number }, [name: string, key: string]>(
    shell,
    command,
    (session, name, key) => {
      const { position } = session.options;
      return change(session, {
        operation: "projection.discardParked",
        input: { name, key, ...given({ position }) },
        will: `${name} will never see ${position === undefined ? "the parked events" : `the parked event at ${position}`} of ${key}.`,
        did: ({ discarded }) => [`${count(discarded, "parked event")} of ${key} given up`],
      });
    },
  );
}
