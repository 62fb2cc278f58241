/** Instances in lists, from the index. What happened in the last moment may not be in it. */
import { compareViewKeys, type ViewKey, type ViewReader } from "../journal/index.js";
import { under } from "../src/delivery/index.js";
import { checkInteger } from "../src/kernel/check.js";
import { InvalidArgumentError } from "../src/kernel/errors.js";
import type { InstanceStatus, Place } from "./instance.js";
import { SAGA_ROWS } from "./saga-rows.js";

/** An instance in a list. */
export interface ListedInstance {
  readonly instanceId: string;
  readonly status: InstanceStatus;
  readonly state: string;
  readonly version: number;
  /** When it came there. */
  readonly sinceMs: number;
  readonly problem: string | undefined;
}

/** Which instances, and how many at a time. */
export interface InstanceQuery {
  readonly status?: InstanceStatus;
  readonly state?: string;
  /** Defaults to 100. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly after?: string;
}

/** Instances found, and where to go on. */
export interface InstancePage {
  readonly instances: readonly ListedInstance[];
  /** Undefined where there are no more. */
  readonly next: string | undefined;
}

const PAGE_MAX = 10_000;

/** By status, version and state, and then by id. */
export function listedInstances(
  views: ViewReader,
  saga: string,
  { status, state, limit = 100, after: cursor }: InstanceQuery,
): InstancePage {
  checkInteger("limit", limit, 1, PAGE_MAX);
  const place = status === undefined ? [] : [status];
  const { from, before } = under(SAGA_ROWS.instancesKey(saga, ...place));
  const after = cursorKey(cursor);
  const begin = after !== undefined && compareViewKeys(after, from) > 0 ? after : from;
  const instances: ListedInstance[] = [];
  for (const { key, value } of views.rows("rows", { from: begin, before })) {
    if (after !== undefined && compareViewKeys(key, after) <= 0) continue;
    const listed = listedOf(key, value);
    if (state !== undefined && listed.state !== state) continue;
    instances.push(listed);
    if (instances.length === limit) return { instances, next: JSON.stringify(key) };
  }
  return { instances, next: undefined };
}

/** By state, when the first of the active instances came; of the first 10,000. */
export function oldestByState(views: ViewReader, saga: string): Map<string, number> {
  const oldest = new Map<string, number>();
  const range = { ...under(SAGA_ROWS.instancesKey(saga, "active")), limit: PAGE_MAX };
  for (const { key, value } of views.rows("rows", range)) {
    const { state, sinceMs } = listedOf(key, value);
    oldest.set(state, Math.min(oldest.get(state) ?? Infinity, sinceMs));
  }
  return oldest;
}

function listedOf(key: ViewKey, value: unknown): ListedInstance {
  const [status, version, , state] = key.slice(3) as unknown as Place;
  const { atMs: sinceMs, problem } = value as { readonly atMs: number; readonly problem?: string };
  return { instanceId: key[7] as string, status, version, state, sinceMs, problem };
}

function cursorKey(after: string | undefined): ViewKey | undefined {
  if (after === undefined) return undefined;
  try {
    const key: unknown = JSON.parse(after);
    if (Array.isArray(key)) return key as ViewKey;
  } catch {
    // Answered below.
  }
  throw new InvalidArgumentError("after", "the next of a page", after);
}
