/** A window as a fact: its value is made of what is kept when somebody looks at it. */
import { bounded, distinct } from "./causes.js";
import type { LiveFact } from "./fact-store.js";
import type { Cause, Causes } from "./cause.js";
import type { WindowKind, WindowValue } from "./window.js";
import {
  isSliding,
  labelsOf,
  newestSamples,
  oldestSamples,
  type SlidingSamples,
  type StoredWindow,
} from "./window-store.js";

const LABELS_SHOWN_MAX = 32;
const CAUSES_SHOWN_MAX = 16;

/** How many samples of a sliding window have a label. Shared by all versions of its fact, and changed in place. */
export type LabelCounts = Map<string, number>;

export class WindowFact implements LiveFact {
  readonly by = undefined;
  #value: WindowValue | undefined;

  constructor(
    readonly kind: WindowKind,
    readonly id: string,
    readonly stored: StoredWindow,
    readonly labels: LabelCounts,
    readonly isClosed = false,
  ) {}

  get data(): WindowValue {
    return (this.#value ??= Object.freeze(this.#valueOf()));
  }

  get atMs(): number {
    return this.data.lastAtMs;
  }

  get causes(): Causes {
    const { stored } = this;
    if (!isSliding(stored)) return stored;
    const { count } = stored;
    const samples =
      count <= CAUSES_SHOWN_MAX
        ? oldestSamples(stored, count)
        : [...oldestSamples(stored, 1), ...newestSamples(stored, CAUSES_SHOWN_MAX - 1)];
    const causes = samples
      .map(([, , cause]) => cause)
      .filter((cause): cause is Cause => cause !== null);
    return bounded(distinct(causes), count - samples.length);
  }

  #valueOf(): WindowValue {
    const { stored, labels, isClosed } = this;
    if (isSliding(stored)) return slidingValue(stored, labels);
    const { count, sum, min, max, firstAtMs, lastAtMs, fromMs, toMs } = stored;
    const shown = shownLabels(stored.distinct ?? 0, () => labelsOf(stored.labels ?? NO_LABELS));
    return {
      count,
      sum,
      min,
      max,
      mean: sum / count,
      distinct: stored.distinct ?? 0,
      ...shown,
      firstAtMs,
      lastAtMs,
      fromMs,
      toMs,
      closed: isClosed,
    };
  }
}

const NO_LABELS = { keys: [], values: [] };

function slidingValue({ chunks, count }: SlidingSamples, labels: LabelCounts): WindowValue {
  let sum = 0;
  let min = Infinity;
  let max = -Infinity;
  for (const chunk of chunks) {
    sum += chunk.sum;
    if (chunk.min < min) min = chunk.min;
    if (chunk.max > max) max = chunk.max;
  }
  const firstAtMs = chunks[0]?.samples[0]?.[0] ?? 0;
  const lastAtMs = chunks.at(-1)?.samples.at(-1)?.[0] ?? 0;
  return {
    count,
    sum,
    min,
    max,
    mean: sum / count,
    distinct: labels.size,
    ...shownLabels(labels.size, () => [...labels.keys()]),
    firstAtMs,
    lastAtMs,
    fromMs: firstAtMs,
    toMs: lastAtMs,
    closed: false,
  };
}

function shownLabels(
  count: number,
  all: () => readonly string[],
): { readonly labels?: readonly string[] } {
  if (count === 0 || count > LABELS_SHOWN_MAX) return {};
  return { labels: Object.freeze(all().toSorted()) };
}
