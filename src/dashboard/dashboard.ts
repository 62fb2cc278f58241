/** The panel: a server in this process for a page in somebody's browser. */
import { createServer as createHttp, type RequestListener, type Server } from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";
import type { AdminClient } from "../index.js";
import type { Runtime } from "../index.js";
import { callsOf } from "./calls.js";
import { clientOf } from "./client.js";
import { Guard } from "./guard.js";
import { Handler } from "./handler.js";
import { Live } from "./live.js";
import { checkOptions, type DashboardOptions, type DashboardSettings } from "./options.js";
import type { RateLimit } from "./rate-limit.js";
import { staticFiles } from "./static-files.js";
import { newToken } from "./token.js";

/** A panel that is open. */
export interface Dashboard {
  /** What to open in a browser, with the token behind the `#`, which browsers send to nobody. Whoever has it is let in. */
  readonly url: string;
  /** For programs that ask: `Authorization: Bearer`. */
  readonly token: string;
  /** Ends it for everybody. Harmless when repeated. The runtime stays open. */
  close(): Promise<void>;
}

/** What one who asks may take of the server. */
export interface DashboardLimits {
  readonly bodyBytesMax: number;
  readonly headerBytesMax: number;
  /** Until the headers, and until the whole request, must have come. */
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly connectionsMax: number;
  readonly streamsMax: number;
  readonly pollMs: number;
  readonly heartbeatMs: number;
  readonly requests: RateLimit;
  readonly failedTokens: RateLimit;
}

const LIMITS: DashboardLimits = {
  bodyBytesMax: 64 * 1024,
  headerBytesMax: 16 * 1024,
  headersTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  connectionsMax: 100,
  streamsMax: 32,
  pollMs: 1_000,
  heartbeatMs: 15_000,
  requests: { burst: 300, perSecond: 100 },
  failedTokens: { burst: 10, perSecond: 0.2 },
};

/**
 * Opens the panel: pages in a browser that show how a runtime stands, and, where that is allowed, buttons to mend it.
 * By default only this machine reaches it, it only looks, and it hides what users recorded.
 *
 * @param runtime - Or what operates one elsewhere, which stays open when the panel is closed.
 * @throws InvalidArgumentError - An option isn't valid, or would open it to others without protection. Nothing listens.
 */
export function openDashboard(
  runtime: Runtime | AdminClient,
  options: DashboardOptions = {},
): Promise<Dashboard> {
  return openWithLimits(runtime, options, {});
}

/** The same for tests, which can't wait for what takes seconds. */
export async function openWithLimits(
  runtime: Runtime | AdminClient,
  options: DashboardOptions,
  limits: Partial<DashboardLimits>,
): Promise<Dashboard> {
  const settings = checkOptions(options);
  const all = { ...LIMITS, ...limits };
  const { token = newToken(), allowChanges, showPayloads, tls } = settings;
  const may = { change: allowChanges, payloads: showPayloads };
  const { backupsTo, archivesTo } = settings;
  const call = callsOf(clientOf(runtime, may), may, { backupsTo, archivesTo });
  const scheme = tls === undefined ? "http" : "https";
  const live = new Live({ ...all, call });
  const guard = new Guard({ ...settings, ...all, token, scheme, nowMs: () => performance.now() });
  const handler = new Handler({ ...settings, ...all, guard, live, call, files: staticFiles() });
  const server = serverOf(settings, all, (request, response) => {
    void handler.handle(request, response);
  });
  const { port } = await listening(server, settings);
  const name = settings.host.includes(":") ? `[${settings.host}]` : settings.host;
  return {
    url: `${scheme}://${name}:${port}/#token=${token}`,
    token,
    close: () => {
      live.close();
      return closed(server);
    },
  };
}

function serverOf(
  { tls }: DashboardSettings,
  limits: DashboardLimits,
  listener: RequestListener,
): Server {
  const options = {
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    connectionsCheckingInterval: Math.min(1_000, limits.headersTimeoutMs),
    keepAliveTimeout: 5_000,
    // It answers itself, with the headers that every answer has.
    requireHostHeader: false,
  };
  const server =
    tls === undefined
      ? createHttp(options, listener)
      : createHttps({ ...options, ...tls }, listener);
  server.maxConnections = limits.connectionsMax;
  server.maxHeadersCount = 64;
  return server;
}

function listening(server: Server, { host, port }: DashboardSettings): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.removeListener("error", reject);
      resolve(server.address() as AddressInfo);
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
