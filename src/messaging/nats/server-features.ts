/**
 * What is used of a server from which version on. A server doesn't refuse a header it doesn't know: it passes it over, so what
 * it can do is read from its version and never tried.
 */
import { UnsupportedServerError } from "./errors.js";

/** Versions as numbers that compare: 2.9.10 is 2_009_010. */
type Version = number;

interface Feature {
  readonly since: string;
  /** What is done without it. */
  readonly without: string;
}

/** Nothing works below. */
const FLOOR = "2.9.0";

const FEATURES: readonly Feature[] = [
  {
    since: "2.10.0",
    without:
      "no sync_interval: the log is on the server's disk up to a minute after it was acknowledged; what a power cut takes from it is published again from the journal",
  },
  {
    since: "2.10.0",
    without: "no consumers with several filters: one consumer for each aggregate",
  },
  {
    since: "2.11.0",
    without:
      "no expected sequence over several subjects (the header is ignored): the order of the log is kept by one connection, one publish after the other",
  },
  {
    since: "2.11.0",
    without:
      "no time to live of a message (the header is ignored): messages leave the log by the stream's limits only",
  },
  {
    since: "2.12.0",
    without:
      "no atomic batches: the events of one commit may be in the log in part for a moment; a consumer gets them one by one",
  },
];

/** Known holes, and where they are closed: in each line of versions named, and in all later lines. */
const HOLES: readonly { readonly closedIn: readonly string[]; readonly what: string }[] = [
  { closedIn: ["2.9.23"], what: "CVE-2023-47090, access without authentication" },
  {
    closedIn: ["2.10.27", "2.11.1"],
    what: "CVE-2025-30215, any account can purge another's streams",
  },
  { closedIn: ["2.11.15", "2.12.6"], what: "CVE-2026-33222, restoring into another's stream" },
  { closedIn: ["2.11.16", "2.12.7"], what: "the NATS advisories 2026-16 and 2026-18" },
];

function versionOf(text: string): Version {
  const [major = 0, minor = 0, patch = 0] = text.split(/[.-]/, 3).map((part) => Number(part) || 0);
  return (major * 1_000 + minor) * 1_000 + patch;
}

const isBelow = (version: string, floor: string) => versionOf(version) < versionOf(floor);

/** What a server tells about itself when one connects. */
export interface ServerTraits {
  readonly version: string;
  readonly headers?: boolean;
  readonly jetstream?: boolean;
}

/** @throws UnsupportedServerError - It is too old, or takes no headers. */
export function checkServer(server: ServerTraits): void {
  if (isBelow(server.version, FLOOR))
    throw new UnsupportedServerError(
      `the NATS server is version ${server.version}; at least ${FLOOR} is needed`,
    );
  if (server.headers !== true)
    throw new UnsupportedServerError("the NATS server takes no headers (no_header_support is set)");
}

/** What it can't do, and what is done instead. */
export function limitationsOf(server: ServerTraits): string[] {
  const limitations = FEATURES.filter(({ since }) => isBelow(server.version, since)).map(
    ({ since, without }) => `NATS ${server.version} (needs ${since}): ${without}`,
  );
  if (server.jetstream !== true)
    limitations.push("the NATS server has no JetStream: nothing is published or consumed");
  return limitations;
}

/** Why a server isn't fit for production; undefined where it is. */
export function productionConcern({ version }: ServerTraits): string | undefined {
  const open = HOLES.filter(({ closedIn }) => !isClosed(version, closedIn));
  if (open.length === 0) return undefined;
  const what = open.map((hole) => hole.what).join("; ");
  return `NATS ${version} is below what is advised for production (2.12.7, or 2.11.16): ${what}. Keep it on loopback or in a trusted network`;
}

function isClosed(version: string, closedIn: readonly string[]): boolean {
  const own = closedIn.find((closed) => lineOf(closed) === lineOf(version));
  if (own !== undefined) return !isBelow(version, own);
  return closedIn.every((closed) => lineOf(closed) < lineOf(version));
}

/** Versions that differ in the last number only are of one line. */
const lineOf = (version: string) => Math.floor(versionOf(version) / 1_000);
