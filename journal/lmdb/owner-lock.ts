/**
 * The owner lock: one file that names the process which writes. It gives a second writer a clear answer; what protects
 * the data, should two get past it, is the condition on the head (`log-file.ts`).
 *
 * Whether an owner is alive is asked of the kernel where we can see the process (same boot, same pid namespace), with
 * its start time, so that a reused pid isn't taken for it. An owner that we can't see (another container on the same
 * volume) counts as alive while it keeps touching its file.
 */
import {
  linkSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Clock, Ids, Timer } from "../../src/kernel/clock.js";
import { JournalOwnedError } from "../errors.js";

const FILE = "owner.json";
const TOUCH_EVERY_MS = 1_000;
const UNSEEN_OWNER_STALE_AFTER_MS = 10_000;
const ATTEMPTS_MAX = 5;

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** Start of the process in clock ticks since boot; empty where the system doesn't say. */
  readonly startedAt: string;
  /** Boot and pid namespace; empty where the system doesn't say. */
  readonly realm: string;
  /** Distinguishes two openings by one process. */
  readonly token: string;
}

export class OwnerLock {
  readonly #path: string;
  readonly #owner: Owner;
  readonly #clock: Clock;
  #timer: Timer | undefined;

  private constructor(path: string, owner: Owner, clock: Clock) {
    this.#path = path;
    this.#owner = owner;
    this.#clock = clock;
    this.#touchLater();
  }

  /** @throws JournalOwnedError - A living process owns the directory; it may be this one. */
  static acquire(directory: string, clock: Clock, ids: Ids): OwnerLock {
    const path = join(directory, FILE);
    const owner = selfAsOwner(ids);
    const temporary = `${path}.${owner.token}`;
    writeFileSync(temporary, `${JSON.stringify(owner)}\n`, { mode: 0o600 });
    try {
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        if (tryLink(temporary, path)) return new OwnerLock(path, owner, clock);
        removeIfStale(directory, path, owner.token, clock);
      }
    } finally {
      rmSync(temporary, { force: true });
    }
    const other = readOwner(path);
    throw new JournalOwnedError(directory, other?.pid ?? 0, other?.host ?? "an unknown host");
  }

  #touchLater(): void {
    this.#timer = this.#clock.setTimer(TOUCH_EVERY_MS, () => {
      const seconds = this.#clock.nowMs() / 1_000;
      try {
        if (readOwner(this.#path)?.token === this.#owner.token)
          utimesSync(this.#path, seconds, seconds);
      } catch {
        // The directory may be gone; the writer will find out by itself.
      }
      this.#touchLater();
    });
  }

  release(): void {
    this.#timer?.cancel();
    if (readOwner(this.#path)?.token === this.#owner.token) rmSync(this.#path, { force: true });
  }
}

/** Link fails where the name exists, on every file system: the one atomic "create with this content". */
function tryLink(temporary: string, path: string): boolean {
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function removeIfStale(directory: string, path: string, token: string, clock: Clock): void {
  const owner = readOwner(path);
  if (owner !== undefined && isAlive(owner, path, clock))
    throw new JournalOwnedError(directory, owner.pid, owner.host);
  // Two processes may find the same stale file: 1. both read it; 2. A moves it away and links its own; 3. B moves A's
  // away. So whoever moved a file away looks at what it holds, and puts back what isn't the stale one.
  const aside = `${path}.stale.${token}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const moved = readOwner(aside);
  if (moved !== undefined && moved.token !== owner?.token) tryLink(aside, path);
  rmSync(aside, { force: true });
}

function isAlive(owner: Owner, path: string, clock: Clock): boolean {
  const realm = currentRealm();
  if (owner.realm === realm && owner.host === hostname()) {
    return (
      processExists(owner.pid) && (owner.startedAt === "" || startOf(owner.pid) === owner.startedAt)
    );
  }
  const [boot] = realm.split(" ");
  if (boot !== "" && owner.realm.split(" ")[0] !== boot && owner.host === hostname()) return false;
  const touchedAtMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return clock.nowMs() - touchedAtMs < UNSEEN_OWNER_STALE_AFTER_MS;
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Undefined where there is no file, or one that nobody finished. */
function readOwner(path: string): Owner | undefined {
  try {
    const owner = JSON.parse(readFileSync(path, "utf8")) as Owner | null;
    return owner !== null && Number.isInteger(owner.pid) && owner.pid > 0 ? owner : undefined;
  } catch {
    return undefined;
  }
}

function selfAsOwner(ids: Ids): Owner {
  return {
    pid: process.pid,
    host: hostname(),
    startedAt: startOf(process.pid),
    realm: currentRealm(),
    token: ids.newId(),
  };
}

/** Field 22 of /proc/<pid>/stat; the second field may hold spaces and brackets, so count from the last bracket. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

function currentRealm(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return "";
  }
}
