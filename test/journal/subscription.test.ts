import { beforeEach, describe, expect, it } from "vitest";
import {
  Subscription,
  type Journal,
  type Page,
  type SubscriptionStatus,
} from "../../journal/index.js";
import type { SubscriptionOptions } from "../../journal/subscription-options.js";
import type { JournalHarness } from "../conformance/journal.js";
import { lmdbHarness, memoryHarness } from "../support/journals.js";

const harnesses: Record<string, () => JournalHarness> = {
  memory: () => memoryHarness(),
  lmdb: () => lmdbHarness(),
};

describe.each(["memory", "lmdb"])("a subscription, on %s", (kind) => {
  let harness: JournalHarness;
  let journal: Journal;
  beforeEach(async () => {
    harness = harnesses[kind]!();
    journal = await harness.open();
  });

  const append = (count: number, type = "A") =>
    Promise.all(
      Array.from({ length: count }, () =>
        journal.append({ streams: [{ streamId: "s/a", events: [{ type }] }] }),
      ),
    );

  function subscribe(options: Partial<SubscriptionOptions> = {}) {
    const seen: number[] = [];
    const pages: Page[] = [];
    const subscription = new Subscription(journal, {
      name: "test",
      after: 0,
      clock: harness.clock,
      handle: (page) => {
        pages.push(page);
        seen.push(...page.events.map(({ position }) => position));
      },
      ...options,
    });
    return { subscription, seen, pages };
  }

  const upTo = (count: number) => Array.from({ length: count }, (_, n) => n + 1);

  it("catches up in pages, then follows live, each event once and in order", async () => {
    await append(25);
    const { subscription, seen, pages } = subscribe({ batchEventsMax: 10 });
    await subscription.reached(25, 1e9);
    expect(pages.map(({ events }) => events.length)).toEqual([10, 10, 5]);
    await append(5);
    await subscription.reached(30, 1e9);
    expect(seen).toEqual(upTo(30));
    await harness.clock.advance(0);
    expect(subscription.status()).toMatchObject({
      state: "live",
      position: 30,
      head: 30,
      lagEvents: 0,
      attempts: 0,
    });
    await subscription.close();
  });

  it("begins after its checkpoint, and goes on there after a reopening", async () => {
    await append(10);
    const first = subscribe({ after: 4 });
    await first.subscription.reached(10, 1e9);
    expect(first.seen).toEqual([5, 6, 7, 8, 9, 10]);
    await first.subscription.close();
    journal = await harness.open();
    const second = subscribe({ after: first.subscription.position() });
    await append(2);
    await second.subscription.reached(12, 1e9);
    expect(second.seen).toEqual([11, 12]);
    await second.subscription.close();
  });

  it("delivers only what its filter admits, and moves on over the rest", async () => {
    await append(5, "A");
    await append(3, "B");
    await append(5, "A");
    const { subscription, seen } = subscribe({ filter: { eventTypes: ["B"] } });
    await subscription.reached(13, 1e9);
    expect(seen).toEqual([6, 7, 8]);
    await subscription.close();
  });

  it("misses nothing that is committed while it works", async () => {
    const { subscription, seen } = subscribe({ batchEventsMax: 3 });
    for (let round = 0; round < 30; round++) await append(1 + (round % 4));
    await subscription.reached(journal.head(), 1e9);
    expect(seen).toEqual(upTo(journal.head()));
    await subscription.close();
  });

  it("hands the same page over again after a failure, waiting longer each time, and stops after too many", async () => {
    await append(3);
    const tried: number[] = [];
    const { subscription } = subscribe({
      retryDelayMs: 100,
      attemptsMax: 4,
      handle: (page) => {
        tried.push(harness.clock.monotonicMs());
        throw new Error(`no ${page.events.length}`);
      },
    });
    const waiting = expect(subscription.reached(3, 1e9)).rejects.toMatchObject({
      code: "subscription-stopped",
      position: 0,
      cause: { message: "no 3" },
    });
    for (let n = 0; n < 200; n++) await harness.clock.advance(10);
    await waiting;
    expect(tried.slice(1).map((at, n) => at - tried[n]!)).toEqual([100, 200, 400]);
    expect(subscription.status()).toMatchObject({
      state: "stopped",
      attempts: 4,
      lastError: { message: "no 3" },
      position: 0,
      lagEvents: 3,
    } satisfies Partial<Record<keyof SubscriptionStatus, unknown>>);
    await subscription.close();
  });

  it("goes on when the handler succeeds again", async () => {
    await append(3);
    let failures = 2;
    const seen: number[] = [];
    const { subscription } = subscribe({
      handle: (page) => {
        if (failures-- > 0) throw new Error("not yet");
        seen.push(...page.events.map(({ position }) => position));
      },
    });
    for (let n = 0; n < 50; n++) await harness.clock.advance(10);
    expect(seen).toEqual([1, 2, 3]);
    expect(subscription.status()).toMatchObject({
      state: "live",
      attempts: 0,
      lastError: undefined,
    });
    await subscription.close();
  });

  it("waits for the page in progress when it is closed, and hands over no more", async () => {
    await append(10);
    let finish = (): void => undefined;
    let pages = 0;
    const started = new Promise<void>((resolve) => {
      const { subscription } = subscribe({
        batchEventsMax: 5,
        handle: async () => {
          pages += 1;
          resolve();
          await new Promise<void>((go) => (finish = go));
        },
      });
      closing = () => subscription.close();
    });
    await started;
    let closed = false;
    const done = closing().then(() => (closed = true));
    await harness.clock.advance(0);
    expect(closed).toBe(false);
    finish();
    await done;
    await append(1);
    await harness.clock.advance(0);
    expect(pages).toBe(1);
  });

  it.each(["close", "hold"] as const)("doesn't rest on when it is told to %s", async (end) => {
    await append(10);
    let rest = (): void => undefined;
    const rested = new Promise<void>((resolve) => (rest = resolve));
    const restMs = () => {
      rest();
      return 100;
    };
    const { subscription, seen } = subscribe({ batchEventsMax: 5, restMs });
    await rested;
    // The clock stands still: whoever waited for the rest of it would wait for good.
    await subscription[end]();
    expect(seen).toEqual(upTo(5));
    await subscription.close();
  });

  it("goes on at once where it rests, when it is told to hurry", async () => {
    await append(10);
    let rest = (): void => undefined;
    const rested = new Promise<void>((resolve) => (rest = resolve));
    const restMs = () => {
      rest();
      return 100;
    };
    const { subscription, seen } = subscribe({ batchEventsMax: 5, restMs });
    await rested;
    subscription.hurry();
    await subscription.reached(10, 1e9);
    expect(seen).toEqual(upTo(10));
    await subscription.close();
  });

  it("gives up a wait after the time allowed", async () => {
    const { subscription } = subscribe();
    const waiting = expect(subscription.reached(5, 300)).rejects.toMatchObject({
      code: "subscription-timeout",
      position: 0,
      wanted: 5,
      timeoutMs: 300,
    });
    await harness.clock.advance(300);
    await waiting;
    await subscription.close();
    await expect(subscription.reached(5, 300)).rejects.toMatchObject({
      code: "subscription-stopped",
    });
  });
});

let closing = (): Promise<void> => Promise.resolve();
