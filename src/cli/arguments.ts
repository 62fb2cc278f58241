/** What is typed, as values; and of which kind an argument is, for completion. */
import { Argument, InvalidArgumentError, Option } from "commander";
import type { At, Position } from "../index.js";

/** What the names that an argument takes are of. */
export type NameKind = "projection" | "saga" | "ruleSet" | "stream" | "remote" | "file";

const kinds = new WeakMap<Argument | Option, NameKind>();

/** An argument that completion knows the values of. */
export function named(kind: NameKind, usage: string, description: string): Argument {
  const argument = new Argument(usage, description);
  kinds.set(argument, kind);
  return argument;
}

/** The same for the value of an option. */
export function namedOption(kind: NameKind, flags: string, description: string): Option {
  const option = new Option(flags, description);
  kinds.set(option, kind);
  return option;
}

export function kindOf(of: Argument | Option | undefined): NameKind | undefined {
  return of === undefined ? undefined : kinds.get(of);
}

/** A whole number from `min`. */
export function integerFrom(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= min) return value;
    throw new InvalidArgumentError(`Give a whole number from ${min}.`);
  };
}

export const positionOf: (text: string) => Position = integerFrom(0);

/** Separated by commas, or given several times. */
export function listOf(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...text.split(",").filter((each) => each !== "")];
}

const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** `90s`, `15m`, `2h`, `3d`, `1w`. */
export function durationOf(text: string): number {
  const [, digits = "", unit = ""] = /^(\d+)([smhdw])$/.exec(text) ?? [];
  const unitMs = UNITS_MS[unit];
  if (unitMs !== undefined) return Number(digits) * unitMs;
  throw new InvalidArgumentError("Give 90s, 15m, 2h, 3d or 1w.");
}

const MOMENT =
  /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

/** A time, UTC where it names no zone, as all that is printed; or a duration, which means so long ago. */
export function timeOf(text: string): number {
  if (/^\d+[smhdw]$/.test(text)) return Date.now() - durationOf(text);
  const [whole, zone] = MOMENT.exec(text) ?? [];
  const written = whole?.replace(" ", "T");
  const timeMs = written === undefined ? NaN : Date.parse(withZone(written, zone));
  if (!Number.isNaN(timeMs)) return timeMs;
  throw new InvalidArgumentError(
    "Give a time like 2026-01-05, 2026-01-05T10:00 (UTC) or 2026-01-05T10:00+01:00, or 90s, 15m, 2h, 3d for so long ago.",
  );
}

function withZone(time: string, zone: string | undefined): string {
  return time.includes("T") && zone === undefined ? `${time}Z` : time;
}

/** `version:12`, `position:400`, or a time. */
export function atOf(text: string): At {
  const [, of, digits = ""] = /^(version|position):(.*)$/.exec(text) ?? [];
  if (of === undefined) return { timeMs: timeOf(text) };
  const value = positionOf(digits);
  return of === "version" ? { version: value } : { position: value };
}

/** JSON, as data of an event. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new InvalidArgumentError(`Give JSON, in quotes: '{"cents": 5}'. ${String(error)}`);
  }
}

/** What of these is given; what isn't is left out, as the operations want it. */
export function given<T extends object>(
  values: T,
): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]?: Exclude<T[Name], undefined>;
  };
}
