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
 * finds a tenant without one opens it to see.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { syncDirectory } from "../../journal/index.js";
import type { Ids } from "../kernel/clock.js";
import { folderNameOf, tenantIdOf } from "./folder-name.js";

const DUE = "due.json";
const REMOVED = "removed-";

/** Wall time, null where it has nothing to do, undefined where only opening it can tell. */
export type KnownDue = number | null | undefined;

export class TenantFolders {
  readonly #root: string;
  readonly #ids: Ids;

  constructor(root: string, ids: Ids) {
    this.#root = root;
    this.#ids = ids;
    mkdirSync(root, { recursive: true, mode: 0o700 });
  }

  /** Each tenant with what is known of its next work. What a removal that was cut short has left goes. */
  read(): Map<string, KnownDue> {
    const found = new Map<string, KnownDue>();
    for (const name of readdirSync(this.#root)) {
      const id = tenantIdOf(name);
      if (id !== undefined) found.set(id, this.#due(id));
      else if (name.startsWith(REMOVED)) rmSync(join(this.#root, name), { recursive: true });
    }
    return found;
  }

  path(tenantId: string): string {
    return join(this.#root, folderNameOf(tenantId));
  }

  /** False where it is there already. */
  create(tenantId: string): boolean {
    const path = this.path(tenantId);
    if (existsSync(path)) return false;
    mkdirSync(path, { mode: 0o700 });
    this.writeDue(tenantId, null);
    syncDirectory(this.#root);
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

  /** Under another name first: a removal that is cut short leaves no half of a tenant. */
  async remove(tenantId: string): Promise<void> {
    const aside = join(this.#root, `${REMOVED}${this.#ids.newId()}`);
    renameSync(this.path(tenantId), aside);
    syncDirectory(this.#root);
    await rm(aside, { recursive: true });
  }

  #due(tenantId: string): KnownDue {
    try {
      const text = readFileSync(join(this.path(tenantId), DUE), "utf8");
      const { dueAtMs } = JSON.parse(text) as { dueAtMs: unknown };
      return typeof dueAtMs === "number" || dueAtMs === null ? dueAtMs : undefined;
    } catch {
      return undefined;
    }
  }
}
