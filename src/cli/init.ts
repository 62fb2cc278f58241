/** `tidemark init`: a small service to begin with. */
import { createRequire } from "node:module";
import { basename, dirname, join, relative, resolve } from "node:path";
import { Command } from "commander";
import { named } from "./arguments.js";
import { print } from "./output.js";
import { scaffold } from "./scaffold.js";
import type { Shell } from "./shell.js";

interface InitOptions {
  readonly name?: string;
  readonly tidemark?: string;
  readonly json?: true;
}

const NAME_LENGTH_MAX = 214;
const NAME = /^(@[a-z\d][a-z\d._-]*\/)?[a-z\d][a-z\d._-]*$/;

export function initCommand(shell: Shell): Command {
  return new Command("init")
    .description("make a small service: an aggregate, a projection, tests; overwrites nothing")
    .addArgument(named("file", "[directory]", "where; made where it isn't there").default("."))
    .option("--name <name>", "of its package; defaults to the folder's")
    .option(
      "--tidemark <version>",
      "what its package.json asks for: a version, or file: and the path of a packed tidemark; defaults to the version that makes it",
    )
    .option("--json", "the report as JSON")
    .addHelpText(
      "after",
      "\nExample: npx tidemark init shop && cd shop && npm install && npm test && npm start\n",
    )
    .action(async (directory: string, options: InitOptions) => {
      const require = createRequire(import.meta.url);
      const packageFile = require.resolve("tidemark/package.json");
      const { version } = require(packageFile) as { version: string };
      const target = resolve(directory);
      const name = checkedName(options.name ?? basename(target));
      const written = scaffold({
        from: join(dirname(packageFile), "templates", "service"),
        directory: target,
        name,
        tidemark: options.tidemark ?? `^${version}`,
      });
      await print(shell, options, { directory: target, name, files: written }, [
        `${name} is made, ${written.length} files:`,
        ...written.map((path) => `  ${path}`),
        "Next:",
        ...[...changeTo(target), "npm install", "npm test", "npm start"].map((step) => `  ${step}`),
        "and npm start once more: everything is still there.",
      ]);
    });
}

function changeTo(target: string): string[] {
  const path = relative(process.cwd(), target);
  return path === "" ? [] : [`cd ${/\s/.test(path) ? JSON.stringify(path) : path}`];
}

/** What npm takes as the name of a package, and can install tidemark into. */
function checkedName(name: string): string {
  if (name === "tidemark")
    throw new Error("npm installs no package into one of its own name: give another with --name");
  if (NAME.test(name) && name.length <= NAME_LENGTH_MAX) return name;
  throw new Error(
    `${JSON.stringify(name)} can't be the name of a package; nothing was written: give one with --name, of at most ${NAME_LENGTH_MAX} lowercase letters, digits, ".", "_" and "-"`,
  );
}
