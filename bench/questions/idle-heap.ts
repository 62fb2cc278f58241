/** What does an idle activation cost in heap, beyond its state? */
import { openMemoryRuntime } from "../../src/testing/index.js";
import { Account, accountIds } from "../account.js";
import { Comparison, type Answer } from "../measure.js";
import { TIDEMARK } from "../stores/tidemark-store.js";

const STATE = "its state and id alone";
const BYTES_MAX = 1_024;

export async function idleHeap(size: { rounds: number; activations: number }): Promise<Answer> {
  const comparison = new Comparison("heap of an idle activation, bytes");
  for (let round = 0; round < size.rounds; round++) {
    comparison.add(TIDEMARK, { value: await bytesOfAnActivation(size.activations) });
    comparison.add(STATE, { value: bytesOfAState(size.activations) });
  }
  return { rows: comparison.rows(), targets: [comparison.atMost(BYTES_MAX, TIDEMARK, "bytes")] };
}

async function bytesOfAnActivation(activations: number): Promise<number> {
  const activationsMax = activations * 2;
  const runtime = await openMemoryRuntime({ aggregates: [Account], activationsMax });
  // Once small, so that what is made once for all isn't counted.
  await touch(runtime, 0, 1_000);
  const before = heapUsed();
  await touch(runtime, 1_000, 1_000 + activations);
  const after = heapUsed();
  if (runtime.status().actors.activations !== activations + 1_000)
    throw new Error("not all are in memory");
  await runtime.close();
  return Math.round((after - before) / activations);
}

function bytesOfAState(activations: number): number {
  const before = heapUsed();
  const states = accountIds(activations).map((id) => ({
    id,
    state: { balance: 0, count: 0, lastAt: 0 },
  }));
  const bytes = Math.round((heapUsed() - before) / activations);
  if (states.length !== activations) throw new Error("not all are in memory");
  return bytes;
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
  if (globalThis.gc === undefined) throw new Error("run with node --expose-gc");
  for (let n = 0; n < 4; n++) globalThis.gc();
  return process.memoryUsage().heapUsed;
}
