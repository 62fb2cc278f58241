/**
 * Header values. Any text can be one: what isn't plain ASCII is percent-encoded, as the CloudEvents bindings say, so nothing a
 * user names can end a header or begin another.
 */
import { asError, describe } from "../kernel/errors.js";
import { BadMessageError } from "./errors.js";

export type Headers = Readonly<Record<string, string>>;

const PLAIN = /^[!#$&-~]*$/;
const NOT_PLAIN = /[^!#$&-~]/gu;

/** Text as a header value. */
export function headerValue(text: string): string {
  return PLAIN.test(text) ? text : text.replace(NOT_PLAIN, encodeURIComponent);
}

/** Reads headers that arrived. Every method throws BadMessageError where one isn't what it should be. */
export class HeaderReader {
  readonly #headers: Headers;

  constructor(headers: Headers, bytesMax: number) {
    let bytes = 0;
    for (const name in headers) bytes += name.length + (headers[name]?.length ?? 0);
    if (bytes > bytesMax)
      throw new BadMessageError(`its headers have ${bytes} bytes, at most ${bytesMax} are taken`);
    this.#headers = headers;
  }

  optional(name: string): string | undefined {
    const value = Object.hasOwn(this.#headers, name) ? this.#headers[name] : undefined;
    if (value === undefined || !value.includes("%")) return value;
    try {
      return decodeURIComponent(value);
    } catch (cause) {
      throw new BadMessageError(`header ${name} isn't percent-encoded text`, { cause });
    }
  }

  text(name: string): string {
    const value = this.optional(name);
    if (value === undefined) throw new BadMessageError(`it has no header ${name}`);
    return value;
  }

  optionalInteger(name: string): number | undefined {
    const value = this.optional(name);
    return value === undefined ? undefined : integerOf(name, value);
  }

  integer(name: string): number {
    return integerOf(name, this.text(name));
  }

  /** A value that `check` doesn't refuse. */
  checked(name: string, check: (argument: string, value: unknown) => void): string {
    const value = this.text(name);
    try {
      check(`header ${name}`, value);
    } catch (cause) {
      throw new BadMessageError(asError(cause).message, { cause });
    }
    return value;
  }
}

function integerOf(name: string, text: string): number {
  const value = /^-?\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value))
    throw new BadMessageError(`header ${name} must be an integer; given: ${describe(text)}`);
  return value;
}
