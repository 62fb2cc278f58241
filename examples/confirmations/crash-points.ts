/**
 * The same story again and again, each time ended at another write: before it is on disk, or when it is and nobody has been told. Then
 * the service is opened again, and goes on.
 */
import assert from "node:assert/strict";
import { ManualClock, MemoryDirectory, openMemoryRuntime, type Fault } from "tidemark/testing";
import type { Runtime } from "tidemark";
import type { MailProvider } from "./mail-provider.js";
import { openService, type Service } from "./service.js";
import { canBeReached, checkOneMailEach, isTold } from "./expected.js";
import { customers, placeOrders, providerFor } from "./traffic.js";

const CUSTOMERS = 16;
const RETRY_DELAY_MS = 10;
const STEP_MS = 5;
/** Longer than the longest retry delay; much shorter than what a reactor waits, since whoever is killed tries nothing again. */
const QUIET_MS = 60;

export interface CrashPoints {
  readonly points: number;
  readonly mails: number;
  /** One for each customer who can be reached, at each point. */
  readonly mailsDue: number;
  /** Mails that were asked for again under the same id. */
  readonly repetitions: number;
}

/** @param pointsMax - Spread over all writes of the story. */
export async function crashEverywhere(pointsMax: number): Promise<CrashPoints> {
  const faults = spread(await faultsOfStory(), pointsMax);
  let mails = 0;
  let repetitions = 0;
  for (const fault of faults) {
    const provider = await crashAt(fault);
    mails += provider.sent.length;
    repetitions += provider.repetitions;
  }
  const reached = customers(CUSTOMERS).filter(canBeReached).length;
  return { points: faults.length, mails, mailsDue: faults.length * reached, repetitions };
}

/** Every write of the story, before and after. */
async function faultsOfStory(): Promise<Fault[]> {
  const provider = providerFor(customers(CUSTOMERS));
  let writes = 0;
  await withService(
    provider,
    new MemoryDirectory(),
    new ManualClock(),
    [],
    async (service, clock) => {
      assert(await tellStory(service, clock));
      writes = service.runtime.status().journal.commits;
    },
  );
  return Array.from({ length: writes }, (_, n) => n + 1).flatMap((nth) => [
    { operation: "append", nth, when: "before" } as const,
    { operation: "append", nth, when: "after" } as const,
  ]);
}

function spread<Item>(items: readonly Item[], max: number): readonly Item[] {
  if (items.length <= max) return items;
  return Array.from({ length: max }, (_, n) => items[Math.floor((n * items.length) / max)] as Item);
}

async function crashAt(fault: Fault): Promise<MailProvider> {
  const all = customers(CUSTOMERS);
  const provider = providerFor(all);
  const directory = new MemoryDirectory();
  const clock = new ManualClock();
  const point = `${fault.when ?? "before"} write ${fault.nth ?? 1}`;
  let isEnded = false;
  try {
    await withService(provider, directory, clock, [fault], async (service) => {
      isEnded = await tellStory(service, clock);
    });
  } catch {
    // It was killed while it was opened.
  }
  assert(!isEnded, `killed ${point}, and went on`);
  await withService(provider, directory, clock, [], async (service) => {
    assert(await tellStory(service, clock), `opened again after a crash ${point}, and got stuck`);
    await checkOneMailEach(service, provider, all);
  });
  return provider;
}

async function withService(
  provider: MailProvider,
  directory: MemoryDirectory,
  clock: ManualClock,
  faults: readonly Fault[],
  use: (service: Service, clock: ManualClock) => Promise<void>,
): Promise<void> {
  const service = await openService(provider, RETRY_DELAY_MS, (parts) =>
    openMemoryRuntime({ ...parts, directory, clock, faults }),
  );
  try {
    await use(service, clock);
  } finally {
    await service.runtime.close();
  }
}

/** Whether it came to its end. */
async function tellStory(service: Service, clock: ManualClock): Promise<boolean> {
  const all = customers(CUSTOMERS);
  const placing = placeOrders(service, all).catch(() => undefined);
  await quiet(service.runtime, clock);
  await placing;
  return isTold(service, all);
}

/** Time goes on until nothing happens any more. */
async function quiet(runtime: Runtime, clock: ManualClock): Promise<void> {
  for (let quietMs = 0; quietMs < QUIET_MS; quietMs += STEP_MS) {
    const before = runtime.head;
    await clock.advance(STEP_MS);
    if (runtime.head !== before) quietMs = 0;
  }
}
