/**
 * A journal whose disk fails: opens it, appends, closes, several times over, and tells its parent line by line what came
 * of it. Usage: node io-faults-child.js DIRECTORY singles|mixed ARM
 */
import { existsSync, writeFileSync } from "node:fs";
import type { Journal } from "../../journal/index.js";
import type { Clock } from "../../src/kernel/clock.js";
import { systemClock } from "../../src/kernel/system-clock.js";
import { inspect, numbered, openAt } from "./crash-journal.js";
import { tell as tellParent } from "../../src/maintenance/tell.js";

const [directory = "", plan = "", arm = ""] = process.argv.slice(2);

/** How many commits go at once, by opening. The last opening is what a service does after the disk has failed it. */
const PLANS: Readonly<Record<string, readonly (readonly number[])[]>> = {
  singles: [Array<number>(50).fill(1), [1]],
  mixed: [[...Array<number>(10).fill(1), 10], [...Array<number>(10).fill(1), 8, 12], [1]],
};
/** A few streams, so that what the index has of one grows. */
const STREAMS = 6;
/** In groups some fill rows of their own: then LMDB starts before the turn ends. */
const LARGE_BYTES = 3_000;

/** The indexer waits for seconds before it writes; here it begins when half of the work is done, whatever that takes. */
const INDEXER_MS_MIN = 2_000;
const due = new Set<() => void>();
const clock: Clock = {
  ...systemClock,
  setTimer(delayMs, run) {
    if (delayMs < INDEXER_MS_MIN) return systemClock.setTimer(delayMs, run);
    due.add(run);
    return { cancel: () => void due.delete(run) };
  },
};

function fireTimers(): void {
  const runs = [...due];
  due.clear();
  for (const run of runs) run();
}

/** One line of what the child tells. */
export type Told =
  | { readonly what: "opened" | "closed"; readonly opening: number }
  | { readonly what: "not-opened" | "not-closed"; readonly opening: number; readonly error: string }
  | {
      readonly what: "acknowledged";
      readonly opening: number;
      readonly n: number;
      readonly position: number;
    }
  | {
      readonly what: "rejected";
      readonly opening: number;
      readonly n: number;
      readonly group: string;
      readonly code: string;
      readonly head: number;
    }
  | {
      readonly what: "seen";
      readonly opening: number;
      readonly head: number;
      readonly numbers: readonly number[];
      readonly problems: readonly string[];
    }
  | { readonly what: "unhandled"; readonly error: string };

/** Synchronous, so that what was told before a crash is known. */
function tell(told: Told): void {
  tellParent(told);
}

let count = 0;
async function commit(journal: Journal, opening: number, group: string, padding: number) {
  const n = count++;
  try {
    const { position } = await journal.append(numbered(n, [`account/${n % STREAMS}`], padding));
    tell({ what: "acknowledged", opening, n, position });
  } catch (error) {
    const code = (error as { code?: string }).code ?? String(error);
    tell({ what: "rejected", opening, n, group, code, head: journal.head() });
  }
}

async function work(journal: Journal, opening: number, sizes: readonly number[]): Promise<void> {
  for (const [index, size] of sizes.entries()) {
    const padding = size > 1 ? LARGE_BYTES : 10;
    const group = Array.from({ length: size }, () =>
      commit(journal, opening, `${opening}.${index}`, padding),
    );
    await Promise.all(group);
    if (index === sizes.length >> 1) fireTimers();
  }
  const { numbers, problems } = inspect(journal, new Map());
  tell({ what: "seen", opening, head: journal.head(), numbers, problems });
}

async function lifetime(opening: number, sizes: readonly number[]): Promise<void> {
  let journal: Journal;
  try {
    journal = await openAt(directory, clock);
    tell({ what: "opened", opening });
  } catch (error) {
    tell({ what: "not-opened", opening, error: String(error) });
    return;
  }
  // From here on the shim counts, where it was told to wait for this file.
  if (arm !== "" && !existsSync(arm)) writeFileSync(arm, "");
  await work(journal, opening, sizes);
  try {
    await journal.close();
    tell({ what: "closed", opening });
  } catch (error) {
    tell({ what: "not-closed", opening, error: String(error) });
  }
}

process.on("unhandledRejection", (error) => tell({ what: "unhandled", error: String(error) }));
for (const [opening, sizes] of PLANS[plan]!.entries()) await lifetime(opening, sizes);
