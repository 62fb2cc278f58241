/** Documents are shared between handlers, so they are frozen; and weighed on the way, so that what is kept of them is bounded. */

/** A document as it may be shared. */
export interface Frozen {
  /** Estimated bytes, the same for equal documents. */
  readonly bytes: number;
  /** It holds a date or bytes, which can't be frozen: hand out copies. */
  readonly needsCopies: boolean;
}

const VALUE_BYTES = 8;

/** Freezes plain data, as deep as it goes. */
export function freezeDocument(value: unknown): Frozen {
  const frozen = { bytes: 0, needsCopies: false };
  freeze(value, frozen);
  return frozen;
}

function freeze(value: unknown, frozen: { bytes: number; needsCopies: boolean }): void {
  if (typeof value === "string") {
    frozen.bytes += VALUE_BYTES + value.length;
  } else if (typeof value !== "object" || value === null) {
    frozen.bytes += VALUE_BYTES;
  } else if (value instanceof Uint8Array) {
    frozen.bytes += VALUE_BYTES + value.length;
    frozen.needsCopies = true;
  } else if (value instanceof Date) {
    frozen.bytes += VALUE_BYTES;
    frozen.needsCopies = true;
  } else {
    freezeFields(value, frozen);
  }
}

function freezeFields(value: object, frozen: { bytes: number; needsCopies: boolean }): void {
  Object.freeze(value);
  frozen.bytes += 2 * VALUE_BYTES;
  if (Array.isArray(value)) {
    for (const item of value) freeze(item, frozen);
    return;
  }
  for (const key in value) {
    frozen.bytes += VALUE_BYTES + key.length;
    freeze((value as Record<string, unknown>)[key], frozen);
  }
}
