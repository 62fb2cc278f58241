/** Looks for values in everything that is kept, byte by byte, in whichever way they may be written: for tests that nothing holds them in plain text. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { InvalidArgumentError } from "../kernel/errors.js";

/** Where a value was found. */
export interface PlainTextFinding {
  /** As it was given. */
  readonly needle: string;
  /** Path of the file; "" for bytes. */
  readonly file: string;
  /** In bytes. */
  readonly offset: number;
  /** How it is written there. */
  readonly encoding: "utf-8" | "utf-16le" | "base64" | "json" | "hex";
}

interface Pattern {
  readonly needle: string;
  readonly encoding: PlainTextFinding["encoding"];
  readonly bytes: Buffer;
}

/** A shorter piece is found by chance. */
const NEEDLE_BYTES_MIN = 6;

/**
 * Searches every file of a directory, however deep, or some bytes, for texts: as UTF-8, UTF-16LE, base64 at whichever place of a longer text,
 * escaped as in JSON, and hexadecimal. Each finding is told once a file, needle and encoding. What is compressed isn't looked into.
 *
 * @param needles - Texts of at least 6 bytes.
 * @throws InvalidArgumentError - There is no needle, or one is too short to mean anything.
 */
export function scanForPlainText(
  where: string | Uint8Array,
  needles: readonly string[],
): PlainTextFinding[] {
  if (needles.length === 0) throw new InvalidArgumentError("needles", "at least one text", needles);
  const patterns = needles.flatMap(patternsOf);
  if (typeof where !== "string") return findingsIn("", Buffer.from(where), patterns);
  return filesIn(where).flatMap((file) => findingsIn(file, readFileSync(file), patterns));
}

function patternsOf(needle: string): Pattern[] {
  const utf8 = Buffer.from(needle);
  if (utf8.length < NEEDLE_BYTES_MIN)
    throw new InvalidArgumentError("needle", `at least ${NEEDLE_BYTES_MIN} bytes`, needle);
  const json = JSON.stringify(needle).slice(1, -1);
  const ascii = json.replace(/[\u0080-\uffff]/g, escaped);
  const patterns: Pattern[] = [
    { needle, encoding: "utf-8", bytes: utf8 },
    { needle, encoding: "utf-16le", bytes: Buffer.from(needle, "utf16le") },
    { needle, encoding: "hex", bytes: Buffer.from(utf8.toString("hex")) },
  ];
  for (const text of new Set([json, ascii]))
    if (text !== needle) patterns.push({ needle, encoding: "json", bytes: Buffer.from(text) });
  for (const url of ["base64", "base64url"] as const)
    for (let shift = 0; shift < 3; shift++)
      patterns.push({ needle, encoding: "base64", bytes: base64At(utf8, shift, url) });
  return patterns;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** What doesn't depend on what stands before and behind it. */
function base64At(bytes: Buffer, shift: number, encoding: "base64" | "base64url"): Buffer {
  const text = Buffer.concat([Buffer.alloc(shift), bytes])
    .toString(encoding)
    .replaceAll("=", "");
  const begin = Math.ceil((shift * 8) / 6);
  const end = Math.floor(((shift + bytes.length) * 8) / 6);
  return Buffer.from(text.slice(begin, end));
}

function findingsIn(file: string, bytes: Buffer, patterns: readonly Pattern[]): PlainTextFinding[] {
  const findings = new Map<string, PlainTextFinding>();
  for (const { needle, encoding, bytes: pattern } of patterns) {
    const offset = bytes.indexOf(pattern);
    const key = `${encoding} ${needle}`;
    if (offset >= 0 && !findings.has(key)) findings.set(key, { needle, file, offset, encoding });
  }
  return [...findings.values()];
}

function filesIn(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
