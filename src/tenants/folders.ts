/**
 * The tenants on disk: a folder each, and in it, while it is closed, when it has something to do by itself.
 *
 * ```
 * <directory>/
 *   owner.json            the process that has them open
 *   t-acme/               a data directory, as of openRuntime
 *     due.json            { "dueAtMs": 1767225600000 }, or null for never; not there while it is open
 *   removed-<uuid>/       being deleted
 * ```
 *
 * `due.json` is removed before a tenant is opened and written after it was closed. So after a crash it is missing, and whoever
 * finds a tenant without one opens it to see. So it is where the log was written since: somebody else had the folder meanwhile.
 */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  type Dirent,
} from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { syncDirectory } from "../../journal/index.js";
import type { Ids } from "../kernel/clock.js";
import { asError, hasCode, InvalidArgumentError } from "../kernel/errors.js";
import type { Logger } from "../kernel/log.js";
import { folderNameOf, tenantIdOf } from "./folder-name.js";

const DUE = "due.json";
/** What grows with every event. */
const LOG = join("log", "data.mdb");
/** Nobody gives a folder of their own such a name. */
const REMOVED = /^removed-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Wall time, null where it has nothing to do, undefined where only opening it can tell. */
export type KnownDue = number | null | undefined;

export class TenantFolders {
  readonly #root: string;
  readonly #ids: Ids;
  readonly #logger: Logger;

  constructor(root: string, ids: Ids, logger: Logger) {
    this.#root = root;
    this.#ids = ids;
    this.#logger = logger;
    mkdirSync(root, { recursive: true, mode: 0o700 });
  }

  /** Each tenant with what is known of its next work. What a removal that was cut short has left goes. */
  read(): Map<string, KnownDue> {
    const found = new Map<string, KnownDue>();
    for (const entry of readdirSync(this.#root, { withFileTypes: true })) {
      const id = tenantIdOf(entry.name);
      if (id !== undefined && mayBeFolder(entry)) found.set(id, this.#due(id));
      else if (REMOVED.test(entry.name)) this.#finishRemoval(entry.name);
    }
    return found;
  }

  path(tenantId: string): string {
    return join(this.#root, folderNameOf(tenantId));
  }

  /** False where it is there already. Where it can't be made as a whole nothing of it stays. */
  create(tenantId: string): boolean {
    const path = this.path(tenantId);
    if (existsSync(path)) return false;
    mkdirSync(path, { mode: 0o700 });
    try {
      this.writeDue(tenantId, null);
      syncDirectory(this.#root);
    } catch (error) {
      rmSync(path, { recursive: true, force: true });
      throw error;
    }
    return true;
  }

  /** Before it is opened. Durable: an old moment that came back after a power cut would hide timers set since. */
  forgetDue(tenantId: string): void {
    const path = this.path(tenantId);
    rmSync(join(path, DUE), { force: true });
    syncDirectory(path);
  }

  writeDue(tenantId: string, dueAtMs: number | null): void {
    const path = join(this.path(tenantId), DUE);
    writeFileSync(`${path}.new`, `${JSON.stringify({ dueAtMs })}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  /** @throws InvalidArgumentError - It is a link: what it leads to would stay. */
  checkRemovable(tenantId: string): void {
    const path = this.path(tenantId);
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return;
    const expected = `one whose folder is in the directory itself; ${path} is a link, so detach it, and delete what the link leads to`;
    throw new InvalidArgumentError("tenant id", expected, tenantId);
  }

  /** Puts it under another name: a removal that is cut short leaves no half of a tenant. Undefined where somebody has deleted it. */
  setAside(tenantId: string): string | undefined {
    const aside = join(this.#root, `removed-${this.#ids.newId()}`);
    try {
      renameSync(this.path(tenantId), aside);
    } catch (error) {
      if (hasCode(error, "ENOENT")) return undefined;
      throw error;
    }
    syncDirectory(this.#root);
    return aside;
  }

  async delete(aside: string): Promise<void> {
    await rm(aside, { recursive: true, force: true });
  }

  /** What can't be deleted stops nobody. */
  #finishRemoval(name: string): void {
    const path = join(this.#root, name);
    try {
      rmSync(path, { recursive: true, force: true });
    } catch (error) {
      const fields = { path, error: asError(error) };
      this.#logger.warn(fields, "what is left of a removed tenant couldn't be deleted");
    }
  }

  #due(tenantId: string): KnownDue {
    const path = this.path(tenantId);
    try {
      const { dueAtMs } = JSON.parse(readFileSync(join(path, DUE), "utf8")) as { dueAtMs: unknown };
      const isKnown = dueAtMs === null || (typeof dueAtMs === "number" && Number.isFinite(dueAtMs));
      return isKnown && !isOutdated(path) ? dueAtMs : undefined;
    } catch {
      return undefined;
    }
  }
}

/** A link is one, too: a tenant may have been moved to another disk, which may not be there just now. */
function mayBeFolder(entry: Dirent): boolean {
  return entry.isDirectory() || entry.isSymbolicLink();
}

function isOutdated(path: string): boolean {
  const log = statSync(join(path, LOG), { throwIfNoEntry: false });
  return log !== undefined && log.mtimeMs > statSync(join(path, DUE)).mtimeMs;
}
