/** The input: one fact a line, as JSON. A line that isn't a fact says what is wrong with it. */
import { createReadStream, statSync } from "node:fs";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";

export type EntityKind = "permit" | "declaration" | "payment-request";

/** What happened to a case, as the source tells it. Amounts are euros, as known at the end of the case. */
export interface Fact {
  readonly entity: EntityKind;
  readonly id: string;
  readonly at: string;
  readonly activity: string;
  readonly resource: string;
  readonly role: string;
  readonly amount?: number;
  readonly requestedBudget?: number;
  readonly totalDeclared?: number;
  readonly project?: string;
}

export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

/** Lines in order, and how much of their source has been read. */
export interface LineSource {
  readonly name: string;
  lines(): AsyncIterable<Line>;
  /** Between 0 and 1. */
  progress(): number;
}

/** Lines of a file; `.gz` is unpacked on the way. */
export function fileSource(path: string): LineSource {
  const { size } = statSync(path);
  const file = createReadStream(path);
  return {
    name: path,
    async *lines() {
      const input = path.endsWith(".gz") ? file.pipe(createGunzip()) : file;
      // An error on the file doesn't travel through a pipe by itself.
      file.on("error", (error) => input.destroy(error));
      let number = 0;
      for await (const text of createInterface({ input, crlfDelay: Infinity }))
        yield { number: ++number, text };
    },
    progress: () => (size === 0 ? 1 : file.bytesRead / size),
  };
}

const KINDS: ReadonlySet<string> = new Set(["permit", "declaration", "payment-request"]);
const AMOUNTS = ["amount", "requestedBudget", "totalDeclared"] as const;

/** The fact on a line, or what is wrong with the line. */
export function parseFact(text: string): Fact | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "not JSON";
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return "not a JSON object";
  const fields = value as Record<string, unknown>;
  for (const name of ["id", "at", "activity", "resource", "role"]) {
    if (typeof fields[name] !== "string" || fields[name] === "") return `${name} is missing`;
  }
  if (typeof fields["entity"] !== "string" || !KINDS.has(fields["entity"]))
    return "entity is none of the three";
  if (Number.isNaN(Date.parse(fields["at"] as string))) return "at is not a time";
  for (const name of AMOUNTS) {
    if (fields[name] !== undefined && typeof fields[name] !== "number")
      return `${name} is not a number`;
  }
  return value as Fact;
}
