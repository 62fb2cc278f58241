/** A service on another machine. Credentials come from the environment: a command line is seen by everybody on the machine. */
import { connectAdmin, hasCode } from "../index.js";
import type { NatsAuth, NatsTls } from "../messaging/nats/index.js";
import { CliError } from "./cli-error.js";
import type { Environment, Target, TargetOptions } from "./target.js";

/** @throws CliError - An option is missing, or the package that speaks NATS. */
export async function connectOverNats(
  { service, prefix, insecure }: TargetOptions,
  servers: string,
  env: Environment,
): Promise<Target> {
  if (service === undefined || prefix === undefined)
    throw new CliError(
      "--nats needs --service <name> and --prefix <subject>, as the service has them in openRuntime and nats(…)",
    );
  const { nats } = await natsModule();
  const auth = authOf(env);
  const transport = nats({
    servers,
    prefix,
    ...(auth === undefined ? {} : { auth }),
    ...(servers.startsWith("tls://") ? { tls: tlsOf(env) } : {}),
    ...(insecure === true ? { insecure } : {}),
  });
  return { client: await connectAdmin({ transport, service }) };
}

function authOf(env: Environment): NatsAuth | undefined {
  const { TIDEMARK_NATS_TOKEN: token, TIDEMARK_NATS_CREDS: credsFile } = env;
  const { TIDEMARK_NATS_USER: user, TIDEMARK_NATS_PASSWORD: password } = env;
  if (credsFile !== undefined) return { credsFile };
  if (token !== undefined) return { token };
  return user === undefined || password === undefined ? undefined : { user, password };
}

function tlsOf({ TIDEMARK_NATS_CA: caFile }: Environment): NatsTls | true {
  return caFile === undefined ? true : { caFile };
}

/** Loaded only here: it is an optional dependency. */
async function natsModule() {
  try {
    return await import("../messaging/nats/index.js");
  } catch (error) {
    if (hasCode(error, "ERR_MODULE_NOT_FOUND"))
      throw new CliError("--nats needs the package nats beside tidemark: npm install nats");
    throw error;
  }
}
