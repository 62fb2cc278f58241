/**
 * Power cuts out of a recording: what a disk may hold when the power goes at some point of what the shim recorded
 * (`shim/io-shim.c`). What was synced before is there. Of what was not, every unit that a disk writes at once may be as
 * it was at the last sync, or as any write since has left it.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { randomFrom } from "../support/random.js";

const HEADER_BYTES = 16;
const PAGE_BYTES = 4_096;
/** The two meta pages, which LMDB overwrites in place. Disks promise no more than their sectors to be whole. */
const META_BYTES = 2 * PAGE_BYTES;
const SECTOR_BYTES = 512;

/** A folder is made under another name with this at the end, and renamed when all in it is on disk. */
const NEW = ".new";

interface Entry {
  readonly kind: "write" | "sync" | "truncate" | "acknowledgement";
  /** Path of the data file; the last one, where its folder was renamed. */
  readonly path: string;
  /** Its folder has its other name still. */
  readonly isNew: boolean;
  readonly offset: number;
  readonly bytes: Buffer;
  /** The write was its own sync. */
  readonly isSynced: boolean;
}

export type Recording = readonly Entry[];

/** What becomes of writes that were not synced: "mixed" is any subset of them, "none" that all are lost. */
export type Unsynced = "mixed" | "none";

export interface PowerCuts {
  readonly seed: number;
  readonly count: number;
  readonly unsynced: Unsynced;
  /** "creation": before every data file was on disk for the first time; "life": after that. */
  readonly during: "creation" | "life";
}

/** From the one to before the other, in the order of the images. */
export interface Slice {
  readonly from: number;
  readonly to: number;
}

interface Found {
  /** What had been acknowledged by then, in order: this must survive. */
  readonly acknowledged: string;
  /** By path as recorded. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/** One power cut. */
export interface CrashImage extends Found {
  /** From 0; by this and the seed it can be made again. */
  readonly index: number;
  /** Entries of the recording up to the cut; the last of them may have been on its way. */
  readonly cut: number;
}

export function readRecording(path: string): Recording {
  const log = readFileSync(path);
  const kinds = new Map([
    ["W", "write"],
    ["S", "sync"],
    ["T", "truncate"],
    ["A", "acknowledgement"],
  ] as const);
  const paths = new Map<number, string>();
  const entries: Entry[] = [];
  for (let at = 0; at < log.length;) {
    const type = String.fromCharCode(log.readUInt8(at));
    const file = log.readUInt8(at + 1);
    const isSynced = log.readUInt8(at + 2) === 1;
    const end = at + HEADER_BYTES + log.readUInt32LE(at + 4);
    const offset = Number(log.readBigUInt64LE(at + 8));
    const bytes = log.subarray(at + HEADER_BYTES, end);
    at = end;
    if (type === "P") paths.set(file, bytes.toString());
    const kind = kinds.get(type as "W");
    if (kind !== undefined)
      entries.push({ kind, ...placeOf(paths.get(file) ?? ""), offset, bytes, isSynced });
  }
  return entries;
}

function placeOf(path: string): Pick<Entry, "path" | "isNew"> {
  const folder = dirname(path);
  const isNew = folder.endsWith(NEW);
  return { path: isNew ? join(folder.slice(0, -NEW.length), basename(path)) : path, isNew };
}

/** The images, ordered by where the power is cut. */
export function* crashImages(
  recording: Recording,
  cuts: PowerCuts,
  { from, to }: Slice = { from: 0, to: cuts.count },
): Generator<CrashImage> {
  const { seed, count, unsynced, during } = cuts;
  const created = entriesOfCreation(recording);
  const [first, end] = during === "creation" ? [0, created] : [created, recording.length];
  const planned = Array.from({ length: count }, (_, index) => {
    const random = randomFrom(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
    return { index, random, cut: first + 1 + Math.floor(random() * (end - first)) };
  }).sort((a, b) => a.cut - b.cut || a.index - b.index);
  const disk = new Disk(recording);
  let at = 0;
  for (const { index, random, cut } of planned.slice(from, to)) {
    // The last entry is applied to a copy: the power may go while it is being carried out.
    while (at < cut - 1) disk.apply(recording[at++]!);
    yield { index, cut, ...disk.imageWith(recording[at]!, random, unsynced) };
  }
}

/** How many entries it takes until LMDB has made every data file: until each was synced for the first time. */
function entriesOfCreation(recording: Recording): number {
  const made = new Map<string, number>();
  for (const [index, { kind, path, isSynced }] of recording.entries()) {
    if ((kind === "sync" || isSynced) && !made.has(path)) made.set(path, index + 1);
  }
  return Math.max(0, ...made.values());
}

/** Writes the files of an image below a directory, each as `<folder>/<name>` as it was recorded. */
export function writeImage(image: CrashImage, directory: string): void {
  for (const [path, bytes] of image.files) {
    const folder = join(directory, basename(dirname(path)));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, basename(path)), bytes);
  }
}

/** All data files, as the operating system sees them and as the disk surely holds them. */
class Disk {
  readonly #files: ReadonlyMap<string, DiskFile>;
  /** Paths of files whose folder is renamed at some time, and of those whose folder has its last name. */
  readonly #renamed: ReadonlySet<string>;
  readonly #named = new Set<string>();
  readonly #acknowledged: string[] = [];

  constructor(recording: Recording) {
    const ends = new Map<string, number>();
    for (const { kind, path, offset, bytes } of recording)
      if (kind !== "acknowledgement")
        ends.set(path, Math.max(ends.get(path) ?? 0, offset + bytes.length));
    this.#renamed = new Set(recording.filter(({ isNew }) => isNew).map(({ path }) => path));
    this.#files = new Map([...ends].map(([path, end]) => [path, new DiskFile(end)]));
  }

  apply(entry: Entry): void {
    // The first call under the last name shows that the renaming was done, and it was synced before.
    if (!entry.isNew) this.#named.add(entry.path);
    if (entry.kind === "acknowledgement") this.#acknowledged.push(entry.bytes.toString());
    else this.#files.get(entry.path)!.apply(entry, entry.isSynced);
  }

  /** What may be found where the power went while `last` was being carried out, or right after it. */
  imageWith(last: Entry, random: () => number, unsynced: Unsynced): Found {
    const isDone = random() < 0.5;
    const files = new Map<string, Buffer>();
    for (const [path, file] of this.#files) {
      const bytes = (path === last.path ? file.with(last, isDone) : file).image(random, unsynced);
      const isNamed = this.#named.has(path) || (path === last.path && !last.isNew);
      const place = isNamed ? path : join(`${dirname(path)}${NEW}`, basename(path));
      // A file without a byte is as good as none: its name needn't be on disk either.
      if (bytes.length > 0) files.set(this.#renamed.has(path) ? place : path, bytes);
    }
    const isAcknowledged = last.kind === "acknowledgement";
    const acknowledged =
      this.#acknowledged.join("") + (isAcknowledged ? last.bytes.toString() : "");
    return { files, acknowledged };
  }
}

class DiskFile {
  readonly #seen: Buffer;
  readonly #synced: Buffer;
  #seenLength = 0;
  #syncedLength = 0;
  /** By offset of the unit: its contents after each write since the last sync. */
  readonly #dirty = new Map<number, Buffer[]>();

  /** @param end - Offset behind the last byte ever written. */
  constructor(end: number) {
    this.#seen = Buffer.alloc(end);
    this.#synced = Buffer.alloc(end);
  }

  apply(entry: Entry, isSynced: boolean): void {
    if (entry.kind === "sync") this.#sync();
    else if (entry.kind === "truncate") this.#truncate(entry.offset);
    else this.#write(entry, isSynced);
  }

  #truncate(length: number): void {
    this.#seen.fill(0, length);
    this.#seenLength = length;
  }

  #sync(): void {
    for (const unit of this.#dirty.keys())
      this.#seen.copy(this.#synced, unit, unit, unit + unitBytes(unit));
    this.#syncedLength = this.#seenLength;
    this.#dirty.clear();
  }

  #write({ offset, bytes }: Entry, isSynced: boolean): void {
    const end = offset + bytes.length;
    bytes.copy(this.#seen, offset);
    this.#seenLength = Math.max(this.#seenLength, end);
    if (isSynced) this.#syncedLength = Math.max(this.#syncedLength, end);
    for (let unit = unitOf(offset); unit < end; unit += unitBytes(unit)) {
      const content = this.#seen.subarray(unit, Math.min(unit + unitBytes(unit), this.#seenLength));
      if (isSynced) {
        content.copy(this.#synced, unit);
        this.#dirty.delete(unit);
      } else {
        this.#dirty.set(unit, [...(this.#dirty.get(unit) ?? []), Buffer.from(content)]);
      }
    }
  }

  /** A copy with an entry that is on its way or done. */
  with(last: Entry, isDone: boolean): DiskFile {
    const copy = new DiskFile(this.#seen.length);
    this.#seen.copy(copy.#seen);
    this.#synced.copy(copy.#synced);
    copy.#seenLength = this.#seenLength;
    copy.#syncedLength = this.#syncedLength;
    for (const [unit, contents] of this.#dirty) copy.#dirty.set(unit, contents);
    // A sync on its way promises nothing; a write that is its own sync is, until it is done, a write like others.
    if (last.kind !== "sync" || isDone) copy.apply(last, last.isSynced && isDone);
    return copy;
  }

  image(random: () => number, unsynced: Unsynced): Buffer {
    const image = Buffer.from(this.#synced);
    let length = this.#syncedLength;
    if (unsynced === "mixed") {
      for (const [unit, contents] of this.#dirty) {
        // The more often it was written, the less likely it is as old as the last sync.
        const content = contents[Math.floor(random() * (contents.length + 1)) - 1];
        if (content === undefined) continue;
        content.copy(image, unit);
        length = Math.max(length, unit + content.length);
      }
    }
    return image.subarray(0, length);
  }
}

function unitBytes(offset: number): number {
  return offset < META_BYTES ? SECTOR_BYTES : PAGE_BYTES;
}

function unitOf(offset: number): number {
  return offset - (offset % unitBytes(offset));
}
