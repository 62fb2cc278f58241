/** The day's sales: which they are, and how they are rung up, going on where an earlier process was killed. */
import type { Runtime } from "tidemark";
import { Till, type Sale } from "./till.js";

export interface Sales {
  readonly count: number;
  readonly tills: number;
  /** The one whose currency no release understands. */
  readonly nonsenseAt: number;
}

const DAYS = 30;
/** One till in so many stands in Britain. */
const BRITISH = 500;

export function salesOf(count: number, tills: number): Sales {
  return { count, tills, nonsenseAt: Math.floor(count * 0.6) };
}

/** Sale number n, from 0; the same each time. */
function saleOf({ tills, nonsenseAt, count }: Sales, n: number): { till: string; sale: Sale } {
  const till = n % tills;
  const home = till % BRITISH === 7 ? "GBP" : till % 3 === 0 ? "CHF" : "EUR";
  return {
    till: `till-${String(till).padStart(5, "0")}`,
    sale: {
      receipt: Math.floor(n / tills) + 1,
      cents: 100 + ((Math.imul(n, 0x9e3779b1) >>> 8) % 10_000),
      currency: n === nonsenseAt ? "???" : home,
      day: 1 + (Math.floor((n / count) * DAYS) % DAYS),
    },
  };
}

/**
 * Rings up sales from number `from` to before `upTo`, half of the tills at a time: each batch is sent when the one before
 * is on disk.
 *
 * @param onBatch - Told after each of them how many are on disk.
 */
export async function ringUp(
  runtime: Runtime,
  sales: Sales,
  from: number,
  upTo: number,
  onBatch: (done: number) => void = () => undefined,
): Promise<void> {
  const batch = batchOf(sales);
  for (let first = from; first < upTo; first += batch) {
    const numbers = Array.from({ length: Math.min(batch, upTo - first) }, (_, at) => first + at);
    await Promise.all(
      numbers.map((n) => {
        const { till, sale } = saleOf(sales, n);
        return runtime.ask(Till, till, { type: "RingUp", data: sale }, { timeoutMs: 60_000 });
      }),
    );
    onBatch(first + numbers.length);
  }
}

/** The number to go on from: the beginning of the batch that may be recorded in part. */
export function nextOf(runtime: Runtime, sales: Sales): number {
  const batch = batchOf(sales);
  return Math.floor(runtime.head / batch) * batch;
}

function batchOf({ tills }: Sales): number {
  return Math.floor(tills / 2);
}
