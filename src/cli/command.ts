/** What all commands that ask a target have in common: its options, the connection, and how something is changed. */
import { userInfo } from "node:os";
import { Command, Option } from "commander";
import type { AdminClient, InputOf, OperationName, OutputOf } from "../index.js";
import { CliError } from "./cli-error.js";
import { namedOption } from "./arguments.js";
import { confirm, type ConfirmOptions } from "./confirm.js";
import { print, type OutputOptions, type Rendered } from "./output.js";
import type { Shell } from "./shell.js";
import type { Target, TargetOptions } from "./target.js";

export type CommonOptions = TargetOptions & OutputOptions;
export type ChangeOptions = CommonOptions & ConfirmOptions & { readonly reason?: string };

/** One run of a command. */
export interface Session<Options = unknown> {
  readonly shell: Shell;
  readonly target: Target;
  readonly client: AdminClient;
  readonly options: Options & CommonOptions;
}

/** Says where the target is. */
export function withTargetOptions(command: Command): Command {
  return command
    .addOption(
      namedOption(
        "file",
        "--dir <directory>",
        "the data directory (default: $TIDEMARK_DIR or ./data)",
      ),
    )
    .addOption(
      namedOption(
        "file",
        "--app <module>",
        "compiled module with the definitions, to fold states while no service runs",
      ),
    )
    .addOption(
      new Option("--nats <url>", "ask a service over NATS: nats://… or tls://…").conflicts("dir"),
    )
    .option("--service <name>", "its name there")
    .option("--prefix <subject>", "what its subjects begin with")
    .option("--insecure", "off this machine without tls")
    .option("--json", "the answer as JSON");
}

/** A command that asks a target. */
export function asking<Options, Args extends readonly unknown[] = []>(
  shell: Shell,
  command: Command,
  act: (session: Session<Options>, ...args: Args) => Promise<void>,
): Command {
  return command.action(async function (this: Command) {
    const options = this.optsWithGlobals<Options & CommonOptions>();
    const target = await shell.ports.connect(options, shell.ports.env);
    const session: Session<Options> = { shell, target, client: target.client, options };
    try {
      await act(session, ...(this.processedArgs as unknown as Args));
    } finally {
      await target.client.close();
    }
  });
}

/** A command with commands under it that share its target; called alone it does what `act` does. */
export function group(
  shell: Shell,
  name: string,
  description: string,
  act: (session: Session) => Promise<void>,
): Command {
  const command = withTargetOptions(new Command(name).description(description));
  command.allowExcessArguments().hook("preAction", refuseUnknown);
  return asking(shell, command, (session) => act(session));
}

/** Commander's own answer, with the nearest name; its types leave it out. */
interface KnowsNames {
  unknownCommand(): never;
}

function refuseUnknown(of: Command, run: Command): void {
  if (of === run && run.args.length > 0) (run as unknown as KnowsNames).unknownCommand();
}

/** Something that is changed: how it is announced, and what is said when it is done. */
export interface Change<Name extends OperationName> {
  readonly operation: Name;
  readonly input: InputOf<Name>;
  /** As a sentence. */
  readonly will: string;
  readonly did: (output: OutputOf<Name>) => readonly (string | Rendered)[];
}

/** Options of a command that changes something. */
export function withChangeOptions(command: Command): Command {
  return command
    .option("--yes", "don't ask")
    .option("--reason <text>", "why; it goes into the audit log");
}

/** Asks whether it shall be, does it, and says so. */
export async function change<Name extends OperationName>(
  { shell, target, client, options }: Session<ChangeOptions>,
  { operation, input, will, did }: Change<Name>,
): Promise<void> {
  if (target.readOnly !== undefined) throw new CliError(`${will}\n${target.readOnly}`);
  await confirm(shell, options, will);
  const { reason } = options;
  const given = reason === undefined ? input : { ...input, reason };
  const output = await client.call(operation, given, asUser());
  await print(shell, options, output, did(output));
}

/** Who asks for a change; it goes into the audit log. */
export function asUser(): { readonly by: string } {
  return { by: userName() };
}

/** Of whoever is logged in; a container may run under an id without a name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "unknown");
  }
}
