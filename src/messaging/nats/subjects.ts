/**
 * Names and ids as tokens of NATS subjects, and back: the only place where a user's text becomes part of a subject.
 *
 * ```
 *   <prefix>.cmd.<aggregate>.<partition>     commands, request and reply
 *   <prefix>.evt.<aggregate>.<partition>     the log of all services
 *   <prefix>.svc.<endpoint>                  endpoints
 * ```
 *
 * A partition stands for many entities, because a server keeps every subject of a stream in memory. Which one is fixed for
 * ever: {@link partitionOf}.
 */
import { createHash } from "node:crypto";
import { InvalidArgumentError } from "../../kernel/errors.js";
import type { Address } from "../transport.js";

export const PARTITIONS = 64;

const PLAIN = /^[A-Za-z0-9_-]{1,64}$/;
/** Begins a token that isn't what it stands for. No plain token has it, and neither has base64url. */
const ESCAPE = "=";
const BASE64URL = /^[A-Za-z0-9_-]+$/;
/** Servers refuse longer names of consumers (255 bytes), and keep a file of that name. */
const CONSUMER_NAME_LENGTH_MAX = 200;
const PREFIX_LENGTH_MAX = 100;

/** Well-formed text as one token: itself where it is plain, else `=` and its UTF-8 in base64url. Two texts never share one. */
export function encodeToken(text: string): string {
  if (PLAIN.test(text)) return text;
  if (text === "" || !text.isWellFormed())
    throw new InvalidArgumentError("name", "text without lone surrogates, not empty", text);
  return ESCAPE + Buffer.from(text, "utf8").toString("base64url");
}

/** The inverse of {@link encodeToken}; undefined for what it never makes. */
export function decodeToken(token: string): string | undefined {
  if (PLAIN.test(token)) return token;
  const escaped = token.slice(ESCAPE.length);
  if (!token.startsWith(ESCAPE) || !BASE64URL.test(escaped)) return undefined;
  const text = Buffer.from(escaped, "base64url").toString("utf8");
  // Only one spelling is right: a second one would let the same name in by another subject.
  return text !== "" && text.isWellFormed() && encodeToken(text) === token ? text : undefined;
}

/** FNV-1a of 32 bits over the id's UTF-8, its halves folded together, modulo 64. */
export function partitionOf(entityId: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(entityId, "utf8")) hash = Math.imul(hash ^ byte, 0x01000193);
  return ((hash >>> 16) ^ (hash & 0xffff)) % PARTITIONS;
}

/**
 * Checks a prefix: plain tokens with dots between them. The server's own subjects begin with `$` or `_`.
 *
 * @throws InvalidArgumentError - It isn't, or it is longer than 100 characters.
 */
export function checkPrefix(prefix: unknown): asserts prefix is string {
  const expected = `tokens of letters, digits, "_" and "-" with dots between them, at most ${PREFIX_LENGTH_MAX} characters, and not "_" first`;
  if (typeof prefix !== "string" || prefix.length > PREFIX_LENGTH_MAX || prefix.startsWith("_"))
    throw new InvalidArgumentError("prefix", expected, prefix);
  if (!prefix.split(".").every((token) => PLAIN.test(token)))
    throw new InvalidArgumentError("prefix", expected, prefix);
}

/** Of a stream or of an inbox: the prefix as one token. A dot becomes what no plain token has in it. */
function asOneToken(prefix: string): string {
  return prefix.replaceAll(".", ESCAPE);
}

/** The subjects and names of one prefix. */
export class Subjects {
  readonly #prefix: string;
  readonly stream: string;
  /** What the stream keeps. */
  readonly events: string;

  constructor(prefix: string) {
    checkPrefix(prefix);
    this.#prefix = prefix;
    this.stream = `${asOneToken(prefix)}-events`;
    this.events = `${prefix}.evt.>`;
  }

  /** Of a micro service: the prefix, as the server's tools want it. */
  get serviceName(): string {
    return this.#prefix.replaceAll(".", "-");
  }

  /** Where answers come to: each runtime has its own, so that permissions can keep others out. */
  inboxPrefix(owner: string): string {
    return `_INBOX_${asOneToken(this.#prefix)}_${encodeToken(owner)}`;
  }

  request(address: Address): string {
    if (address.kind === "endpoint") return this.endpoint(address.name);
    return `${this.#commands(address.aggregate)}.${partitionOf(address.entityId)}`;
  }

  endpoint(name: string): string {
    return `${this.#prefix}.svc.${encodeToken(name)}`;
  }

  #commands(aggregate: string): string {
    return `${this.#prefix}.cmd.${encodeToken(aggregate)}`;
  }

  commandsOf(aggregate: string): string {
    return `${this.#commands(aggregate)}.*`;
  }

  event(aggregate: string, partition: number): string {
    return `${this.#prefix}.evt.${encodeToken(aggregate)}.${partition}`;
  }

  eventsOf(aggregate: string): string {
    return `${this.#prefix}.evt.${encodeToken(aggregate)}.*`;
  }

  /** Whether a subject is that of these commands of this entity, as this encoder makes it. */
  isCommandOf(subject: string, aggregate: string, entityId: string): boolean {
    return subject === this.request({ kind: "command", aggregate, entityId });
  }

  /** The parts of a subject of the log; undefined for what isn't one. */
  parseEvent(subject: string): { aggregate: string; partition: number } | undefined {
    const start = `${this.#prefix}.evt.`;
    const [token = "", number = "", ...more] = subject.slice(start.length).split(".");
    const aggregate = decodeToken(token);
    const partition = Number(number);
    if (!subject.startsWith(start) || more.length > 0 || aggregate === undefined) return undefined;
    if (!/^\d{1,2}$/.test(number) || partition >= PARTITIONS || String(partition) !== number)
      return undefined;
    return { aggregate, partition };
  }
}

/** The name of a durable consumer. Long ones are hashed: nobody has to find the text again. */
export function consumerName(durable: string): string {
  const token = encodeToken(durable);
  if (token.length <= CONSUMER_NAME_LENGTH_MAX) return token;
  return ESCAPE + ESCAPE + createHash("sha256").update(durable, "utf8").digest("base64url");
}
