/**
 * Sealing and opening of single leaves: AES-256-GCM, with a nonce that is an HMAC of what is sealed, under a key of its own. So
 * the same value of the same subject is the same bytes whenever it is written (a retry, a rebuild), and no nonce can repeat
 * for another value.
 */
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import { TidemarkError } from "./errors.js";
import { Sealed, type KeyName, type LeafKind, type Placeholder } from "./sealed.js";

export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ALGORITHM = "aes-256-gcm";

/** What can be sealed. */
export type Leaf = string | number | bigint | boolean | Date | Uint8Array;

/** The keys of one subject, or of several together, ready to use. */
export interface LeafKey {
  readonly names: readonly KeyName[];
  readonly storeId: string;
  readonly encryption: Uint8Array;
  readonly nonces: Uint8Array;
}

/** A sealed leaf was changed, or the key isn't the one it was sealed with. */
export class SealBrokenError extends TidemarkError {
  readonly code = "seal-broken";
  readonly retryable = false;

  constructor(names: readonly KeyName[], options?: ErrorOptions) {
    const whose = names.map(({ subject, keyId }) => `${subject} (key ${keyId})`).join(", ");
    super(
      `A sealed value of ${whose} can't be opened: it was changed, or its key was replaced. Restore the keys that belong to this store.`,
      options,
    );
  }
}

/** Makes the keys of one subject from the bytes that are kept for it. */
export function leafKeyOf(name: KeyName, storeId: string, bytes: Uint8Array): LeafKey {
  return { names: [name], storeId, ...derived(bytes) };
}

/** One key of several: whoever lacks one of them has nothing. In whichever order they are given. */
export function jointKeyOf(keys: readonly LeafKey[]): LeafKey {
  const [first] = keys;
  if (first === undefined) throw new Error("a joint key is made of at least one");
  if (keys.length === 1) return first;
  const sorted = [...keys].sort((a, b) => compareNames(a.names[0], b.names[0]));
  const hash = createHmac("sha256", "tidemark joint key");
  for (const { encryption } of sorted) hash.update(encryption);
  return {
    names: sorted.flatMap(({ names }) => names),
    storeId: first.storeId,
    ...derived(hash.digest()),
  };
}

function compareNames(a: KeyName | undefined, b: KeyName | undefined): number {
  const left = `${a?.subject}\u0000${a?.keyId}`;
  const right = `${b?.subject}\u0000${b?.keyId}`;
  return left < right ? -1 : left > right ? 1 : 0;
}

function derived(bytes: Uint8Array): Pick<LeafKey, "encryption" | "nonces"> {
  const of = (purpose: string) => createHmac("sha256", bytes).update(purpose).digest();
  return { encryption: of("encryption"), nonces: of("nonces") };
}

/** Whether a value is one that can be sealed; null and the like say nothing about anybody. */
export function isLeaf(value: unknown): value is Leaf {
  switch (typeof value) {
    case "string":
    case "number":
    case "bigint":
    case "boolean":
      return true;
    case "object":
      return value instanceof Date || value instanceof Uint8Array;
    default:
      return false;
  }
}

export function sealLeaf(key: LeafKey, value: Leaf, placeholder?: Placeholder): Sealed {
  return sealBytes(key, kindOf(value), bytesOf(value), placeholder);
}

/** Seals what is encoded already. */
export function sealBytes(
  key: LeafKey,
  kind: LeafKind,
  plain: Uint8Array,
  placeholder?: Placeholder,
): Sealed {
  const context = contextOf(key.names, key.storeId, kind);
  const hash = createHmac("sha256", key.nonces).update(context).update(plain);
  const nonce = hash.digest().subarray(0, NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key.encryption, nonce).setAAD(context);
  const box = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return new Sealed(key.names, key.storeId, kind, nonce, box, placeholder);
}

/** @throws SealBrokenError - It isn't what was sealed with this key. */
export function openBytes(key: LeafKey, { kind, keys, storeId, nonce, box }: Sealed): Uint8Array {
  try {
    const tagAt = box.length - TAG_BYTES;
    const decipher = createDecipheriv(ALGORITHM, key.encryption, nonce)
      .setAAD(contextOf(keys, storeId, kind))
      .setAuthTag(box.subarray(tagAt));
    return Buffer.concat([decipher.update(box.subarray(0, tagAt)), decipher.final()]);
  } catch (cause) {
    throw new SealBrokenError(keys, { cause });
  }
}

/** @throws SealBrokenError - It isn't what was sealed with this key. */
export function openLeaf(key: LeafKey, sealed: Sealed): Leaf {
  return leafOf(sealed.kind, Buffer.from(openBytes(key, sealed)));
}

function contextOf(names: readonly KeyName[], storeId: string, kind: LeafKind): Buffer {
  const whose = names.map(({ subject, keyId }) => [subject, keyId]);
  return Buffer.from(JSON.stringify([storeId, kind, ...whose]));
}

function kindOf(value: Leaf): LeafKind {
  switch (typeof value) {
    case "string":
      return "text";
    case "number":
      return "number";
    case "bigint":
      return "bigint";
    case "boolean":
      return "boolean";
    default:
      return value instanceof Date ? "date" : "bytes";
  }
}

function bytesOf(value: Leaf): Uint8Array {
  switch (typeof value) {
    case "string":
      return Buffer.from(value);
    case "bigint":
      return Buffer.from(String(value));
    case "boolean":
      return Buffer.of(value ? 1 : 0);
    case "number":
      return doubleOf(value);
    default:
      return value instanceof Date ? doubleOf(value.getTime()) : value;
  }
}

function doubleOf(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
}

function leafOf(kind: LeafKind, bytes: Buffer): Leaf {
  switch (kind) {
    case "text":
      return bytes.toString();
    case "number":
      return bytes.readDoubleBE();
    case "bigint":
      return BigInt(bytes.toString());
    case "boolean":
      return bytes[0] === 1;
    case "date":
      return new Date(bytes.readDoubleBE());
    case "bytes":
    case "record":
      return bytes;
  }
}
