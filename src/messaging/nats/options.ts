/** What `nats()` takes, checked at the door. */
import type { Authenticator, TlsOptions } from "nats";
import { checkArray, checkInteger, checkObject } from "../../kernel/check.js";
import { InvalidArgumentError } from "../../kernel/errors.js";
import { authenticatorOf, type NatsAuth } from "./auth.js";
import { Subjects } from "./subjects.js";

/** PEM texts or the paths of files with them, which are read anew for every connection. */
export interface NatsTls {
  /** Of the authority that signed the server's certificate, where the machine doesn't know it. */
  readonly ca?: string;
  readonly caFile?: string;
  /** The client's own, where the server asks for one. */
  readonly cert?: string;
  readonly certFile?: string;
  readonly key?: string;
  readonly keyFile?: string;
}

/** The stream that is the log of all services, where it has to be made. An existing one is left as it is. */
export interface NatsLogOptions {
  /** Makes the stream where it is missing. Default true; false where only a deployment may. */
  readonly create?: boolean;
  /** How much it may hold; a full one refuses. Default 1 GiB. */
  readonly maxBytes?: number;
  /** Servers that keep it. Default 1; 3 in production. */
  readonly replicas?: number;
}

/** What `nats` is given. */
export interface NatsOptions {
  /** `host:port`, or `nats://host:port`, or several of a cluster. Credentials belong into `auth`. */
  readonly servers: string | readonly string[];
  /** First tokens of every subject: services with the same prefix talk to each other. */
  readonly prefix: string;
  readonly auth?: NatsAuth;
  /** `true` where the machine knows the server's authority. Needed off loopback. */
  readonly tls?: NatsTls | true;
  /** Says explicitly that everything goes over the network in the clear. */
  readonly insecure?: boolean;
  /** Part of the name of the inbox, for permissions that name it. Default: the store's id. */
  readonly inbox?: string;
  readonly log?: NatsLogOptions;
  /** How long one attempt to connect may take. Default 3,000. */
  readonly connectTimeoutMs?: number;
  /** A connection is asked whether it lives this often; twice without an answer, and it is made anew. Default 1,500. */
  readonly pingIntervalMs?: number;
  /** How long the log may take for an answer. Default 5,000. */
  readonly logTimeoutMs?: number;
}

/** Checked, with the defaults. */
export interface NatsSettings {
  readonly servers: readonly string[];
  readonly subjects: Subjects;
  readonly authenticator: Authenticator | undefined;
  readonly tls: TlsOptions | undefined;
  readonly inbox: string | undefined;
  readonly log: Required<NatsLogOptions>;
  readonly connectTimeoutMs: number;
  readonly pingIntervalMs: number;
  readonly logTimeoutMs: number;
}

const NAMES = new Set<string>([
  "servers",
  "prefix",
  "auth",
  "tls",
  "insecure",
  "inbox",
  "log",
  "connectTimeoutMs",
  "pingIntervalMs",
  "logTimeoutMs",
]);
const TLS_NAMES = ["ca", "caFile", "cert", "certFile", "key", "keyFile"];
const DEFAULT_PORT = 4222;
const GIBIBYTE = 1024 ** 3;
const REPLICAS_MAX = 5;

/** @throws InvalidArgumentError - Names what can't be used. */
export function settingsOf(options: NatsOptions): NatsSettings {
  checkObject("options of nats()", options);
  // A misspelt "tls" must not mean none.
  for (const name of Object.keys(options))
    if (!NAMES.has(name))
      throw new InvalidArgumentError("options of nats()", `one of ${[...NAMES].join(", ")}`, name);
  const given = typeof options.servers === "string" ? [options.servers] : options.servers;
  checkArray("servers", given, 1, 100);
  const servers = given.map((server) => checkedServer(server));
  const tls = options.tls === undefined ? undefined : checkedTls(options.tls);
  if (tls === undefined && options.insecure !== true && !servers.every(isLoopback))
    throw new InvalidArgumentError(
      "tls",
      "given for servers off this machine, or else insecure: true",
      undefined,
    );
  return {
    servers: servers.map(({ host, port }) => `${host.includes(":") ? `[${host}]` : host}:${port}`),
    subjects: new Subjects(options.prefix),
    authenticator: options.auth === undefined ? undefined : authenticatorOf(options.auth),
    tls,
    inbox: options.inbox,
    log: checkedLog(options.log ?? {}),
    connectTimeoutMs: milliseconds("connectTimeoutMs", options.connectTimeoutMs ?? 3_000),
    pingIntervalMs: milliseconds("pingIntervalMs", options.pingIntervalMs ?? 1_500),
    logTimeoutMs: milliseconds("logTimeoutMs", options.logTimeoutMs ?? 5_000),
  };
}

interface Server {
  readonly host: string;
  readonly port: number;
}

function checkedServer(given: unknown): Server {
  const expected = '"host:port" or "nats://host:port", without credentials (those go into auth)';
  const refuse = () => new InvalidArgumentError("servers", expected, "(not shown)");
  if (typeof given !== "string" || /[\s@]/.test(given)) throw refuse();
  const written = /^(?:(?:nats|tls):\/\/)?([^/?#]+)\/?$/.exec(given)?.[1];
  if (written === undefined) throw refuse();
  try {
    // As if it were http: of a scheme it doesn't know, the URL parser checks nothing.
    const { hostname, port, pathname } = new URL(`http://${written}`);
    const host = hostname.replace(/^\[|\]$/g, "");
    if (host === "" || pathname !== "/") throw refuse();
    // The parser leaves out a port 80, as if none had been given.
    const number = /:80$/.test(written) ? 80 : Number(port || DEFAULT_PORT);
    return { host, port: number };
  } catch {
    throw refuse();
  }
}

function isLoopback({ host }: Server): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

function checkedTls(tls: NatsTls | true): TlsOptions {
  if (tls === true) return {};
  checkObject("tls", tls);
  for (const [name, value] of Object.entries(tls)) {
    if (!TLS_NAMES.includes(name))
      throw new InvalidArgumentError("tls", `true, or some of ${TLS_NAMES.join(", ")}`, name);
    if (typeof value !== "string")
      throw new InvalidArgumentError(`tls.${name}`, "text", "(not shown)");
  }
  return { ...tls };
}

function checkedLog(log: NatsLogOptions): Required<NatsLogOptions> {
  checkObject("log", log);
  const { create = true, maxBytes = GIBIBYTE, replicas = 1 } = log;
  checkInteger("log.maxBytes", maxBytes, 1024, Number.MAX_SAFE_INTEGER);
  checkInteger("log.replicas", replicas, 1, REPLICAS_MAX);
  return { create, maxBytes, replicas };
}

function milliseconds(argument: string, value: number): number {
  checkInteger(argument, value, 10, 600_000);
  return value;
}
