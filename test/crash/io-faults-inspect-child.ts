/** Inspects what failing disks have left. Usage: see inspection.ts */
import { inspectAt } from "./crash-journal.js";
import { inspectEach } from "./inspection.js";

/** A store, and what was promised of it. */
export interface Remains {
  readonly directory: string;
  /** Number and position of each acknowledged commit. */
  readonly acknowledged: readonly (readonly [n: number, position: number])[];
  /** Commits that may be there or not, by group: of a group all or none. */
  readonly unknown: readonly (readonly number[])[];
}

async function problemsOf({ directory, acknowledged, unknown }: Remains): Promise<string[]> {
  const { problems, numbers } = await inspectAt(directory, new Map(acknowledged));
  const known = new Set(acknowledged.map(([n]) => n));
  const found = new Set(numbers.filter((n) => !known.has(n)));
  for (const group of unknown) {
    const there = group.filter((n) => found.delete(n)).length;
    if (there !== 0 && there !== group.length)
      problems.push(`of the group ${group.join()} only ${there} commits are there`);
  }
  for (const n of found) problems.push(`commit ${n} is there, and was said not to be written`);
  return problems;
}

await inspectEach<{ readonly stores: readonly Remains[] }>(async function* ({ stores }, slice) {
  for (const remains of stores.slice(slice.from, slice.to)) yield await problemsOf(remains);
});
