/** What does an idle activation cost in heap, beyond its state? */
import { openMemoryRuntime } from "tidemark/testing";
import { Account, accountIds } from "./account.js";

export interface IdleHeap {
  readonly activations: number;
  /** Bytes of heap an idle activation takes, its id included. */
  readonly bytesEach: number;
  /** Of those, what the state and the id take by themselves. */
  readonly stateBytesEach: number;
}

/** Needs `node --expose-gc`. */
export async function idleHeap(activations: number): Promise<IdleHeap | undefined> {
  if (globalThis.gc === undefined) return undefined;
  const runtime = await openMemoryRuntime({
    aggregates: [Account],
    activationsMax: activations * 2,
  });
  // Once small, so that what is made once for all isn't counted.
  await touch(runtime, 0, 1_000);
  const before = heapUsed();
  await touch(runtime, 1_000, 1_000 + activations);
  const after = heapUsed();
  const statesBefore = heapUsed();
  const states = accountIds(activations).map((id) => ({
    id,
    state: { balance: 0, count: 0, lastAt: 0 },
  }));
  const statesAfter = heapUsed();
  if (states.length !== activations || runtime.status().actors.activations !== activations + 1_000)
    throw new Error("not all are in memory");
  await runtime.close();
  return {
    activations,
    bytesEach: Math.round((after - before) / activations),
    stateBytesEach: Math.round((statesAfter - statesBefore) / activations),
  };
}

async function touch(
  runtime: Awaited<ReturnType<typeof openMemoryRuntime>>,
  from: number,
  upTo: number,
): Promise<void> {
  const ids = accountIds(upTo).slice(from);
  for (let at = 0; at < ids.length; at += 500) {
    await Promise.all(
      ids
        .slice(at, at + 500)
        .map((id) => runtime.ask(Account, id, { type: "Deposit", data: { amount: 0 } })),
    );
  }
}

function heapUsed(): number {
  for (let n = 0; n < 4; n++) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
