/** What `openDashboard` takes, checked at the door: what would open it to others is refused, not warned about. */
import { isIP } from "node:net";
import { InvalidArgumentError } from "../index.js";
import { isFullPath, type Folders } from "./folders.js";

/** PEM texts of the certificate that browsers are shown, and of its key. */
export interface DashboardTls {
  readonly cert: string;
  readonly key: string;
}

/** Figures in the text form of Prometheus, as a metrics library gives them. */
export interface MetricsPage {
  readonly contentType: string;
  readonly body: string;
}

/** What `openDashboard` is given. */
export interface DashboardOptions {
  /** Defaults to 0: one that is free. */
  readonly port?: number;
  /** The address that is listened on. Defaults to 127.0.0.1; another than this machine's own needs `token` and `tls`. */
  readonly host?: string;
  /** What whoever asks must know, at least 32 characters. Defaults to 256 random bits, new at each start. */
  readonly token?: string;
  /** Whether anything can be changed: rebuilt, replayed, retried, discarded. Defaults to false. */
  readonly allowChanges?: boolean;
  /** Whether the data of events, states and documents is shown. Defaults to false. */
  readonly showPayloads?: boolean;
  /**
   * A folder in which backups may be made from the page, each in a folder of its own whose name is given there: a full path on the
   * machine on which the runtime runs. Without it none is made from the page. It needs `allowChanges`.
   */
  readonly backupsTo?: string;
  /** The same for the files to which events of entities are archived when they are compacted. */
  readonly archivesTo?: string;
  readonly tls?: DashboardTls;
  /** Names by which browsers may ask for the panel, beside those of this machine and `host`: of a proxy before it, say. */
  readonly allowedHosts?: readonly string[];
  /** What `GET /metrics` answers, to whoever has the token or `metricsToken`. Without it there is no such page. */
  readonly metrics?: () => Promise<MetricsPage>;
  /** For whatever collects metrics: opens `/metrics`, and nothing else. At least 32 characters. */
  readonly metricsToken?: string;
}

/** Checked, with the defaults. */
export interface DashboardSettings extends Folders {
  readonly port: number;
  readonly host: string;
  /** Undefined: one has to be made. */
  readonly token: string | undefined;
  readonly allowChanges: boolean;
  readonly showPayloads: boolean;
  readonly tls: DashboardTls | undefined;
  /** Lower case, without ports. */
  readonly hostNames: ReadonlySet<string>;
  readonly metrics: (() => Promise<MetricsPage>) | undefined;
  readonly metricsToken: string | undefined;
}

const LOOPBACK = "127.0.0.1";
const LOOPBACK_NAMES = ["localhost", LOOPBACK, "[::1]"];
const TOKEN_LENGTH_MIN = 32;
/** Every address of the machine. */
const EVERYWHERE = ["0.0.0.0", "::", "::0", "0:0:0:0:0:0:0:0"];

/** @throws InvalidArgumentError - An option isn't valid, or would open the panel to others without protection. Nothing listens. */
export function checkOptions(options: DashboardOptions = {}): DashboardSettings {
  const { port = 0, host = LOOPBACK, token, tls, allowedHosts = [], metricsToken } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError("port", "an integer from 0 to 65,535", port);
  if (typeof host !== "string" || host === "")
    throw new InvalidArgumentError("host", "an address of this machine", host);
  checkToken("token", token);
  checkToken("metricsToken", metricsToken);
  const { backupsTo, archivesTo } = options;
  for (const [name, path] of Object.entries({ backupsTo, archivesTo }))
    if (path !== undefined && !isFullPath(path))
      throw new InvalidArgumentError(name, "a full path on the runtime's machine", path);
  if (!isLoopback(host)) checkExposed(host, options);
  return {
    port,
    host,
    token,
    allowChanges: options.allowChanges === true,
    showPayloads: options.showPayloads === true,
    backupsTo,
    archivesTo,
    tls,
    hostNames: new Set([...ownNames(host), ...allowedHosts.map(hostName)]),
    metrics: options.metrics,
    metricsToken,
  };
}

/** Whoever is on the network can ask then: only with a token that somebody chose, and where nobody can listen in. */
function checkExposed(host: string, { token, tls, allowedHosts }: DashboardOptions): void {
  if (token === undefined || tls === undefined)
    throw new InvalidArgumentError(
      "host",
      "an address of this machine alone (127.0.0.1 or ::1), or given together with token and tls",
      host,
    );
  if (EVERYWHERE.includes(host) && (allowedHosts ?? []).length === 0)
    throw new InvalidArgumentError(
      "allowedHosts",
      `the names by which browsers ask, where host is every address (${host})`,
      allowedHosts,
    );
}

function checkToken(argument: string, token: string | undefined): void {
  if (token === undefined) return;
  // What it is stays out of the error, which may be logged.
  if (typeof token !== "string" || token.length < TOKEN_LENGTH_MIN || !/^[!-~]+$/.test(token))
    throw new InvalidArgumentError(
      argument,
      `at least ${TOKEN_LENGTH_MIN} visible ASCII characters`,
      typeof token === "string" ? token.length : typeof token,
    );
}

function isLoopback(host: string): boolean {
  const isAddress = isIP(host) === 4 && host.startsWith("127.");
  return isAddress || host === "::1" || host.toLowerCase() === "localhost";
}

function ownNames(host: string): readonly string[] {
  if (EVERYWHERE.includes(host)) return LOOPBACK_NAMES;
  return [...LOOPBACK_NAMES, isIP(host) === 6 ? `[${host.toLowerCase()}]` : host.toLowerCase()];
}

function hostName(given: string): string {
  const name = typeof given === "string" ? hostNameOf(given) : undefined;
  if (name === undefined) throw new InvalidArgumentError("allowedHosts", "names of hosts", given);
  return name;
}

/** The name in a `Host` header, lower case and without the port; undefined where it is none. */
export function hostNameOf(host: string | undefined): string | undefined {
  if (host === undefined) return undefined;
  const [, name] = /^(\[[0-9a-f:.]{2,45}\]|[\w.-]{1,253})(?::\d{1,5})?$/i.exec(host) ?? [];
  return name?.toLowerCase();
}
