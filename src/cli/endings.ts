/** `tidemark forget`, `keys`, `tombstone` and `compact`: what can't be undone. */
import { resolve } from "node:path";
import { Command } from "commander";
import { backupKeys, restoreKeys, type ForgetReport } from "../index.js";
import { named } from "./arguments.js";
import { CliError } from "./cli-error.js";
import {
  asking,
  asUser,
  change,
  withChangeOptions,
  withTargetOptions,
  type ChangeOptions,
} from "./command.js";
import { directoryOf } from "./directory.js";
import { print, type OutputOptions } from "./output.js";
import type { Shell } from "./shell.js";
import { count, grouped } from "./text.js";

export function forgetCommand(shell: Shell): Command {
  const command = new Command("forget")
    .description(
      "make the personal data of a subject unreadable everywhere, by destroying its keys",
    )
    .argument("<subject>", "whose data, as the definitions name it")
    .option("--dry-run", "only what would become unreadable")
    .addHelpText(
      "after",
      `
Examples:
  tidemark forget user-7 --dry-run
  tidemark forget user-7 --reason "asked for on 2026-11-21"
The reason is kept for good: don't name data of the subject in it.
`,
    );
  return asking<ChangeOptions & { readonly dryRun?: boolean }, [subject: string]>(
    shell,
    withChangeOptions(withTargetOptions(command)),
    async (session, subject) => {
      const { client, target, options } = session;
      if (target.readOnly !== undefined) throw new CliError(target.readOnly);
      const { report } = await client.call("forget", { subject, dryRun: true }, asUser());
      if (options.dryRun === true) return print(shell, options, { report }, reportLines(report));
      await change(session, {
        operation: "forget",
        input: { subject },
        will: [...reportLines(report), "This can't be undone, not by a backup either."].join("\n"),
        did: (done) => [
          `${subject} is forgotten: ${count(done.report.keyIds.length, "key")} destroyed`,
        ],
      });
    },
  );
}

function reportLines(report: ForgetReport): string[] {
  const { subject, keyIds, events, entities, documents, snapshots, outbox, parked } = report;
  const { claims, claimsUnknown } = report;
  if (keyIds.length === 0)
    return [`There are no keys of ${subject}: nothing here is personal data of it.`];
  const byName = Object.entries(events).map(
    ([name, types]) => `${count(sum(types), "event")} of ${name}`,
  );
  const views = Object.entries(documents).map(
    ([name, many]) => `${count(many, "document")} of ${name}`,
  );
  return [
    `Of ${subject} there will be unreadable what is personal in ${[...byName, ...views].join(", ") || "no event"}.`,
    `They belong to ${count(sum(entities), "entity", "entities")}; with them go ${count(snapshots, "snapshot")}, ${count(outbox, "waiting command")} and errors of ${count(parked, "parked event")}.`,
    ...Object.entries(claims).map(
      ([name, many]) => `${count(many, "key")} of the claim ${name} will be free for others.`,
    ),
    ...claimsUnknown.map(
      (stream) => `What ${stream} claims stays taken: it can't be told what that is.`,
    ),
  ];
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((all, each) => all + each, 0);
}

export function keysCommand(shell: Shell): Command {
  const command = withTargetOptions(
    new Command("keys").description("keys of personal data").addHelpText(
      "after",
      `
Examples:
  tidemark keys rotate --reason yearly
  tidemark keys backup /safe/keys-2026-11-21
  tidemark keys restore /safe/keys-2026-11-21 --dir ./data
`,
    ),
  );
  const rotate = command
    .command("rotate")
    .description("wrap all keys with the newest master key that the service was given");
  asking<ChangeOptions>(shell, withChangeOptions(rotate), (session) =>
    change(session, {
      operation: "rotateKeys",
      input: {},
      will: "All keys of personal data will be wrapped with the newest master key of the service.",
      did: ({ masterKeyId }) => [`all keys are wrapped with the master key ${masterKeyId}`],
    }),
  );
  backupKeysUnder(command, shell);
  restoreKeysUnder(command, shell);
  return command;
}

interface KeysOptions extends OutputOptions {
  readonly dir?: string;
  readonly nats?: string;
}

function backupKeysUnder(command: Command, shell: Shell): void {
  command
    .command("backup")
    .description("copy the keys, also while a service is using them; tidemark backup doesn't")
    .addArgument(named("file", "<to>", "a folder that is empty or isn't there"))
    .action(async (to: string, _options: unknown, { parent }: Command) => {
      const options = onThisMachine(parent);
      const report = await backupKeys(directoryOf(shell, options.dir), to);
      await print(shell, options, report, [
        `copied the keys of ${count(report.subjects, "subject")} to ${report.to}`,
      ]);
    });
}

function restoreKeysUnder(command: Command, shell: Shell): void {
  command
    .command("restore")
    .description("put keys back into a data directory that has none and isn't open")
    .addArgument(named("file", "<backup>", "what tidemark keys backup made"))
    .action(async (backup: string, _options: unknown, { parent }: Command) => {
      const options = onThisMachine(parent);
      const report = await restoreKeys(backup, directoryOf(shell, options.dir));
      await print(shell, options, report, [
        `restored the keys of ${count(report.subjects, "subject")} to ${report.to}`,
      ]);
    });
}

function onThisMachine(command: Command | null): KeysOptions {
  const options: KeysOptions = command?.opts() ?? {};
  if (options.nats === undefined) return options;
  throw new CliError("keys are copied on the machine that they are on: leave out --nats");
}

export function tombstoneCommand(shell: Shell): Command {
  const command = new Command("tombstone")
    .description(
      "end an entity: it takes no more commands, and frees what it claims; its history stays",
    )
    .addArgument(named("stream", "<stream>", "of the entity: article/kettle"))
    .addHelpText("after", "\nExample: tidemark tombstone article/kettle --reason discontinued\n");
  return asking<ChangeOptions, [stream: string]>(
    shell,
    withChangeOptions(withTargetOptions(command)),
    (session, stream) =>
      change(session, {
        operation: "tombstone",
        input: { stream },
        will: `${stream} will take no more commands, for good, and what it claims will be free.`,
        did: () => [`${stream} has ended`],
      }),
  );
}

interface CompactingOptions extends ChangeOptions {
  readonly archive: string;
}

export function compactCommand(shell: Shell): Command {
  const command = new Command("compact")
    .description(
      "archive the events of an entity in a file, and let the summary of its definition stand for them",
    )
    .addArgument(named("stream", "<stream>", "of the entity: article/kettle"))
    .requiredOption("--archive <file>", "where they go; compressed where it ends with .gz")
    .addHelpText(
      "after",
      `
Example: tidemark compact article/kettle --archive /archives/kettle.ndjson.gz
The service writes the file, on the machine that it runs on. The log keeps the events until tidemark reclaim.
`,
    );
  return asking<CompactingOptions, [stream: string]>(
    shell,
    withChangeOptions(withTargetOptions(command)),
    (session, stream) => {
      const { archive, nats } = session.options;
      // Of another machine only its own paths are known.
      const archiveTo = nats === undefined ? resolve(archive) : archive;
      return change(session, {
        operation: "compact",
        input: { stream, archiveTo },
        will: `The events of ${stream} will go to ${archiveTo}, and reads of it will begin with a summary.`,
        did: ({ report }) => [
          `${stream} begins with version ${grouped(report.version)}; versions ${grouped(report.archive.firstVersion)} to ${grouped(report.archive.lastVersion)} are in ${report.archive.file}`,
        ],
      });
    },
  );
}
