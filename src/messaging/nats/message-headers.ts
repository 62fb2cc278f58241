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
const START = "NATS/1.0\r\n";
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
    this.#text += `${name}: ${value}\r\n`;
  }

  /** With the line that begins and the one that ends them. */
  get bytes(): number {
    return START.length + this.#text.length + 2;
  }

  encode(): Uint8Array {
    return Buffer.from(`${START}${this.#text}\r\n`, "latin1");
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
  for (const [given, values] of wire ?? []) {
    const name = given.toLowerCase();
    if (name.startsWith(RESERVED) || name === ENTITY_HEADER || Object.hasOwn(headers, name))
      continue;
    const value = values[0] ?? "";
    // Assigned, this one would be lost, or be a prototype.
    if (name === "__proto__") Object.defineProperty(headers, name, { value, enumerable: true });
    else headers[name] = value;
  }
  return headers;
}

/** A message as it came, in plain bytes: what the client gives is Node's Buffer, and who decodes it may keep that. */
export function receivedOf({ headers, data }: Pick<Msg, "headers" | "data">): WireMessage {
  const payload = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { headers: fromWire(headers), payload };
}
