/** Master keys by number, and people whose values are written with whatever keys there are: for the child and for who looks afterwards. */
import type { PrivacyOptions } from "tidemark";

const masterKey = (id: string) => ({ id, key: Buffer.alloc(32, `key of ${id}`) });

export const masterId = (n: number): string => `m${n}`;

/** Wraps with the master key that `current` tells, and has all of them. */
export const withMasters = (current: () => number): PrivacyOptions => ({
  masterKey: (id) => masterKey(id ?? masterId(current())),
});

/** Has no other. */
export const withMaster = (n: number): PrivacyOptions => ({
  masterKey: (id) => (id === undefined || id === masterId(n) ? masterKey(masterId(n)) : undefined),
});

export const userId = (n: number): string => `u${n}`;

export const nameOf = (n: number, round: number): string => `Person ${n} of round ${round}`;
