/**
 * A copy of the folder `keys` of a store while its owner writes on. An environment never holds a key that was destroyed before it
 * was published (see `lmdb-keys.ts`), so a copy of the newest one is right as long as it is the newest when the copy is done.
 */
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Clock } from "../../src/kernel/clock.js";
import { InvalidArgumentError } from "../../src/kernel/errors.js";
import { JournalFormatError } from "../errors.js";
import { KeyStoreError } from "../keys.js";
import { copyEnvironmentAt } from "./environment.js";
import { LmdbKeys } from "./lmdb-keys.js";
import { readManifest, syncDirectory } from "./manifest.js";

/** What `backupKeys` and `restoreKeys` did. */
export interface KeysReport {
  readonly from: string;
  readonly to: string;
  /** Of the store that they belong to. */
  readonly storeId: string;
  /** Subjects that have keys, each of which was read in the copy. */
  readonly subjects: number;
  readonly bytes: number;
}

const FOLDER = "keys";
const SUBJECTS_AT_ONCE = 1_000;
/** What belongs to no subject has a name before it: it begins with a control character. */
const BEFORE_SUBJECTS = "\u001f";

/** @throws KeyStoreError - There are none in `from`, or they are damaged. */
export async function copyKeys(from: string, to: string): Promise<void> {
  for (;;) {
    const number = LmdbKeys.newest(from);
    if (number === 0) throw new KeyStoreError(from, "there are none");
    const target = join(to, "1");
    try {
      await copyEnvironmentAt(join(from, String(number)), target);
    } catch (error) {
      if (LmdbKeys.newest(from) === number) throw error;
    }
    if (LmdbKeys.newest(from) === number) break;
    // The owner has destroyed some meanwhile, and they would live on in the copy.
    rmSync(target, { recursive: true, force: true });
  }
  syncDirectory(join(to, "1"));
  syncDirectory(to);
}

/**
 * @param target - A full path; a folder there is empty.
 * @throws JournalFormatError, KeyStoreError, InvalidArgumentError - Nothing is left of the copy.
 */
export async function backupKeys(from: string, target: string, clock: Clock): Promise<KeysReport> {
  const { storeId } = manifestOf(from);
  const partial = `${target}.partial`;
  if (existsSync(partial))
    throw new InvalidArgumentError(
      "to",
      `free of ${partial}, left by a backup that was ended`,
      target,
    );
  return copied(join(from, FOLDER), { partial, target, storeId, clock });
}

/**
 * @param directory - A full path, of a store that the caller has locked.
 * @throws JournalFormatError, KeyStoreError, InvalidArgumentError - Nothing is left of the copy.
 */
export async function restoreKeys(
  from: string,
  directory: string,
  clock: Clock,
): Promise<KeysReport> {
  const { storeId } = manifestOf(directory);
  const target = join(directory, FOLDER);
  if (LmdbKeys.newest(target) > 0)
    throw new InvalidArgumentError(
      "directory",
      `one without keys: move ${target} away if the backup is to take its place`,
      directory,
    );
  const partial = `${target}.restoring`;
  // Whoever began it doesn't hold the lock any more.
  rmSync(partial, { recursive: true, force: true });
  return copied(from, { partial, target, storeId, clock });
}

function manifestOf(directory: string) {
  const manifest = readManifest(directory);
  if (manifest === undefined) throw new JournalFormatError(directory, "there is no journal in it");
  return manifest;
}

interface Copy {
  readonly partial: string;
  readonly target: string;
  readonly storeId: string;
  readonly clock: Clock;
}

/** Under its own name only when it is complete and was read. */
async function copied(
  from: string,
  { partial, target, storeId, clock }: Copy,
): Promise<KeysReport> {
  mkdirSync(partial, { recursive: true, mode: 0o700 });
  let subjects: number;
  try {
    await copyKeys(from, partial);
    subjects = await subjectsIn(partial, storeId, clock);
    rmSync(join(partial, "1", "lock.mdb"), { force: true });
    // Nothing but what a kill has left: an environment that never counted.
    rmSync(target, { recursive: true, force: true });
    renameSync(partial, target);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw error;
  }
  syncDirectory(dirname(target));
  const { size: bytes } = statSync(join(target, "1", "data.mdb"));
  return { from: resolve(from), to: target, storeId, subjects, bytes };
}

/** How many have keys, after reading all of them. */
async function subjectsIn(path: string, storeId: string, clock: Clock): Promise<number> {
  const giveWay = () => new Promise<void>((done) => clock.defer(done));
  const keys = await LmdbKeys.open({ path, storeId, readOnly: true, giveWay });
  try {
    let count = 0;
    let after = "";
    for (;;) {
      const subjects = keys.subjects(after, SUBJECTS_AT_ONCE);
      const last = subjects.at(-1);
      if (last === undefined) return count;
      for (const subject of subjects) keys.find(subject);
      count += subjects.filter((subject) => subject > BEFORE_SUBJECTS).length;
      after = last;
      await giveWay();
    }
  } finally {
    await keys.close();
  }
}
