/**
 * Which personal values went into an object: a note beside it, by identity, which no handler sees and no codec writes. Whoever opens sealed
 * data makes the note, whoever makes one thing of another hands it on, whoever writes it looks.
 */
import { PersonalValues } from "./personal-values.js";

const notes = new WeakMap<object, PersonalValues>();

/** What is known of an object; undefined where nothing personal went into it. */
export function provenanceOf(value: unknown): PersonalValues | undefined {
  return typeof value === "object" && value !== null ? notes.get(value) : undefined;
}

/** Notes it, and returns the object. */
export function withProvenance<T extends object>(value: T, values: PersonalValues | undefined): T {
  if (values !== undefined && values.owners.size > 0) notes.set(value, values);
  return value;
}

/** Notes of `to` what is known of `from`, and returns `to`. */
export function handedOn<T extends object>(from: unknown, to: T): T {
  return withProvenance(to, provenanceOf(from));
}

/** Notes of `to` what is known of several things, and returns `to`. */
export function allHandedOn<T extends object>(from: readonly unknown[], to: T): T {
  const known = from.map(provenanceOf).filter((values) => values !== undefined);
  if (known.length === 0) return to;
  const all = new PersonalValues();
  for (const values of known) all.addAll(values);
  return withProvenance(to, all);
}
