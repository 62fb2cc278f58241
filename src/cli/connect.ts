/** Finds a running service, or opens a directory for reading. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import {
  connectAdmin,
  hasCode,
  openAdmin,
  type AdminClient,
  type OpenAdminOptions,
} from "../index.js";
import { exportsOf } from "./app-module.js";
import { CliError } from "./cli-error.js";
import { environmentDirectory } from "./directory.js";
import { connectOverNats } from "./nats-target.js";
import type { Connect, Target } from "./target.js";

type Definitions = NonNullable<OpenAdminOptions["definitions"]>;

export const connect: Connect = async (options, env) => {
  if (options.nats !== undefined) return connectOverNats(options, options.nats, env);
  if (options.service !== undefined || options.prefix !== undefined)
    throw new CliError("--service and --prefix name a service over NATS: give --nats <url>, too");
  const directory = options.dir ?? environmentDirectory(env);
  if (!existsSync(directory))
    throw new CliError(
      `there is no ${resolve(directory)}: give the data directory with --dir or in TIDEMARK_DIR, or a service with --nats and --service`,
    );
  try {
    return { client: await connectAdmin({ directory }) };
  } catch (error) {
    if (!hasCode(error, "no-owner")) throw error;
    return openDirectory(directory, options.app);
  }
};

async function openDirectory(directory: string, app: string | undefined): Promise<Target> {
  const definitions = app === undefined ? undefined : await definitionsOf(app);
  const client = await openAdmin({
    directory,
    ...(definitions === undefined ? {} : { definitions }),
  });
  const readOnly = `Nothing was done: it goes through the service that runs on ${resolve(directory)}, and none answers there. Start it, and try again`;
  return { client: withAdvice(client, app), readOnly };
}

/** What is missing can be given on the command line. */
function withAdvice(client: AdminClient, app: string | undefined): AdminClient {
  const advise = (error: unknown): never => {
    if (hasCode(error, "definitions-needed") && app === undefined)
      throw new CliError(
        "no service runs on the directory, and without its definitions this can't be answered: start it, or give the compiled module that exports them with --app",
      );
    throw error;
  };
  return {
    call: (operation, input, options) => client.call(operation, input, options).catch(advise),
    close: () => client.close(),
  };
}

/** What the module exports as `definitions`, or by default. */
async function definitionsOf(app: string): Promise<Definitions> {
  const module = await exportsOf(app);
  const found = module["definitions"] ?? module["default"];
  if (isDefinitions(found)) return found;
  throw new CliError(
    `${resolve(app)} exports no definitions: it has to export { aggregates, projections, sagas, ruleSets, … } as definitions, or as its default`,
  );
}

function isDefinitions(found: unknown): found is Definitions {
  return typeof found === "object" && found !== null && "aggregates" in found;
}
