/** The environment `views`: whether it is ours, its tables, and a fresh one where it isn't. */
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { seal, unseal } from "../codec.js";
import type { ViewTable } from "../views.js";
import {
  isHeaderDamaged,
  openBytesTable,
  openEnvironment,
  openTable,
  readFast,
  withTables,
  type BytesTable,
  type Environment,
  type Table,
} from "./environment.js";

/** Another number, or none, and the folder is made anew. */
export const VIEWS_FORMAT = 1;
const HEADER = "views";

export type ViewTables = Readonly<Record<ViewTable, BytesTable>>;

export interface ViewEnvironment {
  readonly environment: Environment;
  readonly tables: ViewTables;
}

/** Whether there is a file at all, whatever is in it. */
export function hasViews(path: string): boolean {
  return sizeOf(path) !== undefined;
}

/**
 * Opens the views of a log. Where there are none, or they were made for another log, in another format, or can't be read,
 * a writer begins with empty ones, and a reader gets undefined.
 */
export function openViews(
  path: string,
  storeId: string,
  readOnly: boolean,
): ViewEnvironment | undefined {
  const found = openForReading(path, storeId);
  if (readOnly) return found;
  // Closes at once: an environment that was opened for reading has no writes to wait for.
  void found?.environment.close();
  if (found === undefined) rmSync(path, { recursive: true, force: true });
  return openForWriting(path, storeId);
}

function openForReading(path: string, storeId: string): ViewEnvironment | undefined {
  // LMDB must not see an empty file or a damaged one, see isHeaderDamaged.
  if ((sizeOf(path) ?? 0) === 0 || isHeaderDamaged(path)) return undefined;
  const environment = openEnvironment(path, true);
  return withTables(environment, () => {
    // For a reader, lmdb gives undefined where there is no such table, which its types don't say.
    const about = openTable(environment, "about") as Table | undefined;
    if (about !== undefined && isOurs(about, storeId))
      return { environment, tables: openTables(environment) };
    void environment.close();
    return undefined;
  });
}

function openForWriting(path: string, storeId: string): ViewEnvironment {
  const environment = openEnvironment(path, false);
  return withTables(environment, () => {
    const tables = openTables(environment);
    const about = openTable(environment, "about");
    // Last: where there is a header, there are all tables.
    if (!isOurs(about, storeId)) about.putSync(HEADER, seal([VIEWS_FORMAT, storeId]));
    return { environment, tables };
  });
}

function isOurs(about: Table, storeId: string): boolean {
  const bytes = readFast(about, HEADER);
  const fields = bytes === undefined ? "there is none" : unseal(bytes, 2);
  return typeof fields !== "string" && fields[0] === VIEWS_FORMAT && fields[1] === storeId;
}

function openTables(environment: Environment): ViewTables {
  return {
    documents: openBytesTable(environment, "documents"),
    entries: openBytesTable(environment, "entries"),
    rows: openBytesTable(environment, "rows"),
  };
}

function sizeOf(path: string): number | undefined {
  return statSync(join(path, "data.mdb"), { throwIfNoEntry: false })?.size;
}
