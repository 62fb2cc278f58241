/** Values as text for people. What comes from a store is anybody's: nothing of it may steer a terminal. */
import { toJsonForm } from "../index.js";

/** C0 but for the line feed, DEL, C1, and what turns the direction of writing around. */
const STEERING = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const NAMES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** One line in which every character that steers a terminal is spelled out: `\u001b`. */
export function safe(text: string): string {
  return text.replace(STEERING, spelled);
}

/** The same for text of several lines, which stay lines. */
export function safeLines(text: string): string {
  return text.split("\n").map(safe).join("\n");
}

function spelled(character: string): string {
  const code = character.charCodeAt(0).toString(16).padStart(4, "0");
  return NAMES[character] ?? `\\u${code}`;
}

/**
 * JSON that is safe on a terminal as it is: what `JSON.stringify` leaves alone of the above is escaped, too. What JSON has no
 * form for gets one: `{ "$bigint": "12" }`.
 */
export function jsonText(value: unknown, indent?: number): string {
  const text = JSON.stringify(toJsonForm(value), undefined, indent) as string | undefined;
  return (text ?? "null").replace(STEERING, (character) =>
    character === "\n" ? character : spelled(character),
  );
}

export function grouped(value: number): string {
  return value.toLocaleString("en");
}

/** UTC, to the millisecond. */
export function timeText(timeMs: number | undefined): string {
  return timeMs === undefined ? "" : new Date(timeMs).toISOString();
}

const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
];

/** In the largest unit of which there is at least one: `2.5 h`. */
export function durationText(ms: number): string {
  const unit = UNITS.find(([, unitMs]) => ms >= unitMs);
  return unit === undefined ? `${Math.round(ms)} ms` : `${round(ms / unit[1])} ${unit[0]}`;
}

const BYTES = ["bytes", "KiB", "MiB", "GiB", "TiB"];

export function bytesText(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), BYTES.length - 1);
  const value = bytes / 1_024 ** power;
  return `${power === 0 ? grouped(value) : round(value)} ${BYTES[power] ?? ""}`;
}

/** Three digits, of which one behind the point. */
export function round(value: number): string {
  return value >= 100 ? grouped(Math.round(value)) : String(Math.round(value * 10) / 10);
}

/** `1 event`, `2 events`. */
export function count(value: number, one: string, many = `${one}s`): string {
  return `${grouped(value)} ${value === 1 ? one : many}`;
}

/** Data of an event or document on one line; empty where there is none, or where it may not be seen. */
export function dataText(data: unknown, hidden = false): string {
  if (hidden) return "(hidden)";
  return data === undefined ? "" : jsonText(data);
}

/** Data over several lines. */
export function dataLines(data: unknown, hidden = false): readonly string[] {
  if (hidden) return ["(hidden: whoever asks may not see payloads)"];
  return data === undefined ? ["(nothing)"] : jsonText(data, 2).split("\n");
}
