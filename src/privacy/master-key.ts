/** Where the master key comes from: it wraps the keys of all subjects, and is never stored here. */
import { createHash } from "node:crypto";
import { InvalidArgumentError } from "../kernel/errors.js";
import { KEY_BYTES } from "../kernel/leaf-cipher.js";

/** A master key. */
export interface MasterKey {
  /** Stored with what it wraps: 1 to 256 bytes of text, another one for each key. */
  readonly id: string;
  /** 32 bytes that nobody can guess. */
  readonly key: Uint8Array;
}

/**
 * Gives master keys: without an id the one to wrap with from now on, else the one of that id, or undefined where it isn't there any more. Asked
 * while the runtime opens and when the master key is rotated, never in between.
 */
export type MasterKeys = (id?: string) => MasterKey | undefined | Promise<MasterKey | undefined>;

/**
 * Master keys from an environment variable: 32 bytes in base64 or hexadecimal. Several with commas between them: the first one wraps from now
 * on, the others are for reading what they wrapped. A key's id is made of a hash of it.
 *
 * @param name - Of the variable; read when the runtime opens.
 * @throws InvalidArgumentError - When the runtime opens: the variable isn't set, or holds something else. Its value isn't shown.
 */
export function masterKeyFromEnvironment(
  name: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): MasterKeys {
  return (id) => {
    const keys = (environment[name] ?? "").split(",").map((text) => keyOf(name, text.trim()));
    return id === undefined ? keys[0] : keys.find((each) => each.id === id);
  };
}

function keyOf(name: string, text: string): MasterKey {
  const key = Buffer.from(text, /^[0-9a-f]{64}$/i.test(text) ? "hex" : "base64");
  if (key.length !== KEY_BYTES)
    throw new InvalidArgumentError(
      `environment variable ${name}`,
      `${KEY_BYTES} bytes in base64 or hexadecimal (openssl rand -base64 32 makes some)`,
      text === "" ? undefined : `${key.length} bytes`,
    );
  return { id: createHash("sha256").update(key).digest("hex").slice(0, 16), key };
}

/** @throws InvalidArgumentError - It isn't a master key. */
export function checkMasterKey(argument: string, key: unknown): asserts key is MasterKey {
  const { id, key: bytes } = (key ?? {}) as Partial<MasterKey>;
  if (typeof id !== "string" || id === "" || Buffer.byteLength(id) > 256)
    throw new InvalidArgumentError(`id of ${argument}`, "1 to 256 bytes of text", id);
  if (!(bytes instanceof Uint8Array) || bytes.length !== KEY_BYTES)
    throw new InvalidArgumentError(
      argument,
      `${KEY_BYTES} bytes`,
      bytes instanceof Uint8Array ? `${bytes.length} bytes` : typeof bytes,
    );
}
