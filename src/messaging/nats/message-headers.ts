/**
 * Headers on the wire. NATS takes ASCII without line breaks, and its clients cut off the spaces around a value; whoever makes an
 * envelope has encoded what isn't plain, so anything else is refused here, and nothing is changed on the way.
 */
import type { Msg, MsgHdrs } from "nats";
import { InvalidArgumentError } from "../../kernel/errors.js";
import type { WireMessage } from "../transport.js";

const NAME = /^[a-z0-9][a-z0-9_-]{0,127}$/;
/** The server's own: one of them would make a message replace all others of its subject. */
const RESERVED = "nats-";
const LINE_END = "\r\n";
const START = `NATS/1.0${LINE_END}`;
const VALUE = /^([\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?)?$/;

/** The id of the entity a command is for, percent-encoded; its hash is the partition in the subject. */
export const ENTITY_HEADER = "tidemark-entity";

export function encodeEntity(entityId: string): string {
  if (!entityId.isWellFormed())
    throw new InvalidArgumentError("entity id", "text without lone surrogates", entityId);
  return encodeURIComponent(entityId);
}

/** The inverse of {@link encodeEntity}; undefined for what it never makes. */
export function decodeEntity(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

/**
 * Headers of a message to be sent, written as text at once: the client's own make six passes over each. Of what it is given the
 * client asks for nothing but the bytes.
 */
export class OutgoingHeaders {
  #text = "";

  /** Adds one that is known to be plain. */
  add(name: string, value: string): void {
    this.#text += `${name}: ${value}${LINE_END}`;
  }

  /** With the line that begins and the one that ends them. */
  get bytes(): number {
    return START.length + this.#text.length + 2;
  }

  encode(): Uint8Array {
    return Buffer.from(START + this.#text + LINE_END, "latin1");
  }

  /** As an option of the client. Servers don't take a message that says it has headers and has none. */
  asOption(): { headers?: MsgHdrs } {
    return this.#text === "" ? {} : { headers: this as unknown as MsgHdrs };
  }
}

/**
 * @throws InvalidArgumentError - A name isn't lower-case letters, digits, `-` and `_`, or is the server's own; or a value isn't
 * printable ASCII, or has spaces around it.
 */
export function toWire(headers: Readonly<Record<string, string>>): OutgoingHeaders {
  const wire = new OutgoingHeaders();
  for (const name in headers) {
    const value = headers[name] as string;
    if (!NAME.test(name) || name.startsWith(RESERVED) || name === ENTITY_HEADER)
      throw new InvalidArgumentError("header", "a lower-case name that isn't a transport's", name);
    if (!VALUE.test(value))
      throw new InvalidArgumentError(`header ${name}`, "printable ASCII, trimmed", value);
    wire.add(name, value);
  }
  return wire;
}

/** Without the server's own, and without the entity's: that one is the transport's business. */
export function fromWire(wire: MsgHdrs | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, values] of wire ?? []) take(headers, name, values[0] ?? "");
  return headers;
}

function take(headers: Record<string, string>, given: string, value: string): void {
  const name = given.toLowerCase();
  if (name.startsWith(RESERVED) || name === ENTITY_HEADER || Object.hasOwn(headers, name)) return;
  // Assigned, this one would be lost, or be a prototype.
  if (name === "__proto__") Object.defineProperty(headers, name, { value, enumerable: true });
  else headers[name] = value;
}

/** A message of the log as it came. */
export function receivedOf({ headers, data }: Pick<Msg, "headers" | "data">): WireMessage {
  return { headers: fromWire(headers), payload: data };
}

/** Where the client's message has its bytes, headers first; another version of it may have them elsewhere. */
interface ClientsMessage {
  readonly _msg?: { readonly hdr?: number };
  readonly _rdata?: Uint8Array;
  readonly headers?: { toString(): string };
}

/**
 * Headers of a request or an answer as they came, out of the bytes: the client takes them apart with ten
 * kilobytes of garbage for each message, and throws where one line isn't a header.
 */
export class ReceivedHeaders {
  readonly #text: string;

  constructor(message: Msg) {
    const { _msg, _rdata: bytes, headers } = message as unknown as ClientsMessage;
    const hdr = _msg?.hdr;
    if (hdr === undefined || bytes === undefined) this.#text = headers?.toString() ?? "";
    else if (hdr <= 0) this.#text = "";
    else this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, hdr).toString("utf8");
  }

  /** The first of this name, as it is spelled there. */
  get(name: string): string | undefined {
    const at = this.#text.indexOf(`${LINE_END}${name}:`);
    if (at < 0) return undefined;
    const from = at + LINE_END.length + name.length + 1;
    return this.#text.slice(from, this.#text.indexOf(LINE_END, from)).trim();
  }

  /** Up to the first line that isn't a header; see {@link fromWire}. */
  all(): Record<string, string> {
    const headers: Record<string, string> = {};
    const text = this.#text;
    let end = text.indexOf(LINE_END);
    while (end >= 0) {
      const from = end + LINE_END.length;
      const colon = text.indexOf(":", from);
      end = text.indexOf(LINE_END, from);
      if (colon <= from || colon > end) break;
      take(headers, text.slice(from, colon), text.slice(colon + 1, end).trim());
    }
    return headers;
  }
}
