/**
 * Data as it travels: JSON where nothing is lost by it (anybody can read that), else msgpack, as in the journal. What arrives is
 * a stranger's: its size, form and depth are looked at before anybody else sees it.
 */
import { decode, encode } from "../../journal/index.js";
import { Sealed } from "../kernel/sealed.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import { checkParsedJson, checkPlainData } from "../kernel/plain-data.js";
import { BadMessageError } from "./errors.js";
import { checkMsgpack } from "./msgpack-form.js";

export const JSON_TYPE = "application/json";
const MSGPACK_TYPE = "application/msgpack";
const UTF8 = new TextDecoder("utf-8", { fatal: true });

export interface Payload {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/** How large and how deep a payload may be. */
export interface PayloadBounds {
  readonly bytesMax: number;
  readonly depthMax: number;
}

/**
 * Plain data as bytes.
 *
 * @throws InvalidArgumentError - It isn't plain data, is nested too deeply, or takes too many bytes.
 */
export function payloadOf(argument: string, data: unknown, bounds: PayloadBounds): Payload {
  checkPlainData(argument, data, bounds.depthMax);
  return plainPayloadOf(argument, data, bounds);
}

/**
 * The same of what is known to be plain data: whatever was recorded.
 *
 * @throws InvalidArgumentError - It takes too many bytes.
 */
export function plainPayloadOf(argument: string, data: unknown, bounds: PayloadBounds): Payload {
  if (isJson(data)) {
    const bytes = Buffer.from(JSON.stringify(data));
    // What fits into the journal must fit here, too: msgpack, if JSON is longer.
    if (bytes.length <= bounds.bytesMax) return { contentType: JSON_TYPE, bytes };
  }
  const bytes = encode(data);
  if (bytes.length > bounds.bytesMax)
    throw new InvalidArgumentError(
      argument,
      `at most ${bounds.bytesMax} bytes when encoded`,
      bytes.length,
    );
  return { contentType: MSGPACK_TYPE, bytes };
}

/** Whether plain data is read back equal from JSON. */
export function isJson(value: unknown): boolean {
  if (typeof value !== "object") return typeof value !== "bigint";
  if (value === null) return true;
  if (Array.isArray(value)) return value.every(isJson);
  if (value instanceof Date || value instanceof Sealed || ArrayBuffer.isView(value)) return false;
  for (const key in value) if (!isJson((value as Record<string, unknown>)[key])) return false;
  return true;
}

/**
 * Bytes that arrived, as plain data. Without a content type they are JSON; no bytes at all are undefined.
 *
 * @throws BadMessageError - They aren't, or over a bound.
 */
export function dataOf(
  argument: string,
  contentType: string | undefined,
  bytes: Uint8Array,
  bounds: PayloadBounds,
): unknown {
  if (bytes.length > bounds.bytesMax)
    throw new BadMessageError(
      `${argument} has ${bytes.length} bytes, at most ${bounds.bytesMax} are taken`,
    );
  if (bytes.length === 0) return undefined;
  try {
    return decodedAs(argument, contentType, bytes, bounds.depthMax);
  } catch (cause) {
    if (cause instanceof BadMessageError) throw cause;
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new BadMessageError(`${argument} can't be read: ${problem}`, { cause });
  }
}

function decodedAs(
  argument: string,
  contentType: string | undefined,
  bytes: Uint8Array,
  depthMax: number,
): unknown {
  switch (mediaTypeOf(contentType)) {
    case JSON_TYPE: {
      const data: unknown = JSON.parse(UTF8.decode(bytes));
      checkParsedJson(argument, data, depthMax);
      return data;
    }
    case MSGPACK_TYPE: {
      checkMsgpack(bytes, depthMax);
      // Of what the client gives, Node's Buffer, the decoder would make values of that kind.
      const plainBytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const data: unknown = decode(plainBytes);
      checkPlainData(argument, data, depthMax);
      return data;
    }
    default:
      throw new BadMessageError(`content type ${JSON.stringify(contentType)} isn't known`);
  }
}

function mediaTypeOf(contentType: string | undefined): string {
  if (contentType === undefined || contentType === JSON_TYPE) return JSON_TYPE;
  return (contentType.split(";", 1)[0] as string).trim().toLowerCase();
}
