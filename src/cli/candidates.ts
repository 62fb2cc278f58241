/** What may stand in place of a word on the command line. */
import type { Argument, Command, Option } from "commander";
import { setTimeout as pause } from "node:timers/promises";
import type { AdminClient } from "../index.js";
import { kindOf, type NameKind } from "./arguments.js";
import type { Shell } from "./shell.js";
import type { TargetOptions } from "./target.js";

export interface Candidate {
  readonly text: string;
  readonly about: string;
}

/** How far the words lead: which command, what was given, and what stands at the end. */
interface Place {
  readonly command: Command;
  /** Values of options that say where the target is. */
  readonly target: Readonly<Record<string, string>>;
  /** Set where the last word is the value of an option. */
  readonly option: Option | undefined;
  /** Words that aren't options, behind the command. */
  readonly given: number;
}

/** Names of streams at the most; whoever wants another types more of it. */
const STREAMS_MAX = 50;
/** Somebody waits with a finger on the key. */
const PATIENCE_MS = 2_000;

export async function candidates(
  shell: Shell,
  program: Command,
  words: readonly string[],
): Promise<readonly Candidate[]> {
  const last = words.at(-1) ?? "";
  const place = placeOf(program, words.slice(0, -1));
  const fitting = (all: readonly Candidate[]) => all.filter(({ text }) => text.startsWith(last));
  if (place.option !== undefined) return fitting(await valuesOf(shell, place, place.option, last));
  if (last.startsWith("-")) return fitting(flagsOf(place.command));
  const commands = place.given === 0 ? commandsOf(place.command) : [];
  const argument = argumentAt(place.command, place.given);
  const values = argument === undefined ? [] : await valuesOf(shell, place, argument, last);
  return fitting([...commands, ...values]);
}

function placeOf(program: Command, words: readonly string[]): Place {
  let command = program;
  let option: Option | undefined;
  let given = 0;
  const target: Record<string, string> = {};
  for (const word of words) {
    if (option !== undefined) {
      target[option.attributeName()] = word;
      option = undefined;
    } else if (word.startsWith("-")) {
      const [flag = "", value] = word.split(/=(.*)/s, 2);
      const found = optionsOf(command).find(({ long, short }) => long === flag || short === flag);
      if (found?.required !== true) continue;
      if (value === undefined) option = found;
      else target[found.attributeName()] = value;
    } else {
      const next = given === 0 ? subcommand(command, word) : undefined;
      command = next ?? command;
      given += next === undefined ? 1 : 0;
    }
  }
  return { command, target, option, given };
}

function subcommand(command: Command, word: string): Command | undefined {
  return command.commands.find((each) => each.name() === word || each.aliases().includes(word));
}

/** A command under another takes the options of that, too. */
function optionsOf(command: Command): readonly Option[] {
  return [...command.options, ...(command.parent === null ? [] : optionsOf(command.parent))];
}

function argumentAt({ registeredArguments }: Command, given: number): Argument | undefined {
  const last = registeredArguments.at(-1);
  return registeredArguments[given] ?? (last?.variadic === true ? last : undefined);
}

function flagsOf(command: Command): readonly Candidate[] {
  const flags = optionsOf(command).filter(({ hidden }) => !hidden);
  return [
    ...flags.map(({ long, flags: all, description }) => ({
      text: long ?? all,
      about: description,
    })),
    { text: "--help", about: "how it is used" },
  ];
}

function commandsOf(command: Command): readonly Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((each) => ({ text: each.name(), about: each.description() }));
}

async function valuesOf(
  shell: Shell,
  { target }: Place,
  of: Argument | Option,
  begun: string,
): Promise<readonly Candidate[]> {
  if (of.argChoices !== undefined) return of.argChoices.map((text) => ({ text, about: "" }));
  const kind = kindOf(of);
  if (kind === undefined || kind === "file") return [];
  try {
    return await Promise.race([namesFrom(shell, target, kind, begun), tooLate()]);
  } catch {
    // No service, no directory, no answer: then nothing is completed, and nobody is disturbed.
    return [];
  }
}

async function tooLate(): Promise<readonly Candidate[]> {
  await pause(PATIENCE_MS, undefined, { ref: false });
  return [];
}

async function namesFrom(
  shell: Shell,
  target: TargetOptions,
  kind: NameKind,
  begun: string,
): Promise<readonly Candidate[]> {
  const { client } = await shell.ports.connect(target, shell.ports.env);
  try {
    return (await namesOf(client, kind, begun)).map((text) => ({ text, about: kind }));
  } finally {
    await client.close();
  }
}

async function namesOf(
  client: AdminClient,
  kind: NameKind,
  begun: string,
): Promise<readonly string[]> {
  if (kind === "stream") {
    const { streams } = await client.call("streams", { prefix: begun, limit: STREAMS_MAX });
    return streams.map(({ stream }) => stream);
  }
  const { projections, reactors, externals, sagas, ruleSets, remotes } = await client.call(
    "info",
    {},
  );
  const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name);
  if (kind === "projection") return [...names(projections), ...reactors, ...externals];
  if (kind === "saga") return names(sagas);
  return kind === "ruleSet" ? names(ruleSets) : remotes;
}
