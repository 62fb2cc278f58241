/** Wrapping of keys by a master key: AES-256-GCM, bound to whose key it is. */
import { createCipheriv, createDecipheriv } from "node:crypto";
import type { WrappedKey } from "../../journal/index.js";
import type { KeyName } from "../kernel/sealed.js";
import { MasterKeyError } from "./errors.js";
import type { MasterKey } from "./master-key.js";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ALGORITHM = "aes-256-gcm";

export type RandomBytes = (length: number) => Uint8Array;

export function wrap(
  name: KeyName,
  bytes: Uint8Array,
  masterKey: MasterKey,
  createdAtMs: number,
  randomBytes: RandomBytes,
): WrappedKey {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, masterKey.key, nonce);
  cipher.setAAD(contextOf(name, masterKey.id));
  const wrapped = Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  return { ...name, masterKeyId: masterKey.id, wrapped, createdAtMs };
}

/** @throws MasterKeyError - It isn't wrapped with this key. */
export function unwrap(key: WrappedKey, masterKey: MasterKey): Uint8Array {
  const { wrapped, masterKeyId } = key;
  const tagAt = wrapped.length - TAG_BYTES;
  try {
    const decipher = createDecipheriv(ALGORITHM, masterKey.key, wrapped.subarray(0, NONCE_BYTES));
    decipher.setAAD(contextOf(key, masterKeyId)).setAuthTag(wrapped.subarray(tagAt));
    return Buffer.concat([decipher.update(wrapped.subarray(NONCE_BYTES, tagAt)), decipher.final()]);
  } catch (cause) {
    throw new MasterKeyError(
      masterKeyId,
      "it isn't the key that the keys of this store are wrapped with",
      { cause },
    );
  }
}

function contextOf({ subject, keyId }: KeyName, masterKeyId: string): Buffer {
  return Buffer.from(JSON.stringify([subject, keyId, masterKeyId]));
}
