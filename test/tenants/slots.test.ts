/** Who gets room when, and who gives it: over runtimes in memory, with a clock that stands still. */
import { JournalPoisonedError, type Runtime } from "tidemark";
import { ManualClock, openMemoryRuntime } from "tidemark/testing";
import { afterEach, describe, expect, it } from "vitest";
import { silentLogger } from "../../src/kernel/log.js";
import { UnknownTenantError } from "../../src/tenants/errors.js";
import { Slots } from "../../src/tenants/slots.js";
import { statusOf } from "../../src/tenants/status.js";
import { Account } from "../support/account.js";
import { until } from "../support/until.js";

interface Given {
  readonly openMax: number;
  readonly waitMs?: number;
  readonly open?: (tenantId: string) => Promise<Runtime>;
}

class Fixture {
  readonly clock = new ManualClock();
  readonly told: string[] = [];
  readonly unknown = new Set<string>();
  readonly slots: Slots;

  constructor({ openMax, waitMs = 5_000, open }: Given) {
    const { clock, told } = this;
    const openMemory = () => openMemoryRuntime({ aggregates: [Account], clock });
    this.slots = new Slots(
      {
        ...{ clock, logger: silentLogger },
        check: (id) => {
          if (this.unknown.has(id)) throw new UnknownTenantError(id);
        },
        open: open ?? openMemory,
        opened: (id) => told.push(`opened ${id}`),
        openFailed: (id) => told.push(`failed ${id}`),
        closed: (id, dueAtMs) => told.push(`closed ${id} ${String(dueAtMs)}`),
      },
      { openMax, waitMs },
    );
    fixtures.push(this);
  }

  async use(id: string): Promise<void> {
    const slot = await this.slots.acquire(id);
    await new Promise((resolve) => setImmediate(resolve));
    this.slots.release(slot);
  }
}

const fixtures: Fixture[] = [];
afterEach(async () => {
  for (const { slots } of fixtures.splice(0)) await slots.closeAll();
});

describe("room for tenants", () => {
  it("goes to whoever wanted it first, also where the one that is closed for it is wanted back at once", async () => {
    const fixture = new Fixture({ openMax: 1 });
    const order: string[] = [];
    const held = await fixture.slots.acquire("a");
    const wanted = ["b", "c", "d"].map((id) => fixture.use(id).then(() => order.push(id)));
    await until(() => fixture.slots.waiting === 3);
    fixture.slots.release(held);
    // While it is being closed for b.
    const back = fixture.use("a").then(() => order.push("a"));
    await Promise.all([...wanted, back]);
    expect(order).toEqual(["b", "c", "d", "a"]);
    expect(fixture.told.filter((each) => each.startsWith("opened"))).toEqual([
      "opened a",
      "opened b",
      "opened c",
      "opened d",
      "opened a",
    ]);
  });

  it("isn't kept from anybody by two that are used again and again", async () => {
    const fixture = new Fixture({ openMax: 2 });
    const other = { served: false };
    const again = async (id: string) => {
      while (!other.served) await fixture.use(id);
    };
    const busy = [again("a"), again("b")];
    await until(() => fixture.slots.all().length === 2);
    await fixture.use("c");
    other.served = true;
    await Promise.all(busy);
    expect(fixture.told).toContain("opened c");
  });

  it("is one for a tenant, however many wait for it", async () => {
    const fixture = new Fixture({ openMax: 2 });
    const held = [await fixture.slots.acquire("a"), await fixture.slots.acquire("b")];
    const waiting = Array.from({ length: 10 }, () => fixture.use("c"));
    await until(() => fixture.slots.waiting === 10);
    const [a, b] = held;
    fixture.slots.release(a!);
    await Promise.all(waiting);
    expect(fixture.slots.all().map(({ tenantId }) => tenantId)).toEqual(["b", "c"]);
    fixture.slots.release(b!);
  });

  it("is refused once the time to wait is over, and those behind are served later all the same", async () => {
    const fixture = new Fixture({ openMax: 1, waitMs: 1_000 });
    const held = await fixture.slots.acquire("a");
    const refused = fixture.use("b").catch((error: unknown) => error);
    await fixture.clock.advance(400);
    const later = fixture.use("c");
    await fixture.clock.advance(600);
    expect(await refused).toMatchObject({ code: "tenants-full" });
    expect(fixture.slots.waiting).toBe(1);
    fixture.slots.release(held);
    await later;
    expect(fixture.slots.counts).toMatchObject({ full: 1, opened: 2 });
  });

  it("isn't opened for one that became unknown while it waited", async () => {
    const fixture = new Fixture({ openMax: 1 });
    const held = await fixture.slots.acquire("a");
    const gone = fixture.use("b").catch((error: unknown) => error);
    fixture.unknown.add("b");
    fixture.slots.release(held);
    expect(await gone).toMatchObject({ code: "unknown-tenant" });
    expect(fixture.slots.get("b")).toBeUndefined();
  });

  it("is free again after an opening that failed, which is counted once however many waited", async () => {
    const fixture = new Fixture({
      openMax: 1,
      open: () => Promise.reject(new Error("no such disk")),
    });
    const failed = [fixture.use("a"), fixture.use("a"), fixture.use("b")];
    for (const each of failed)
      await expect(each).rejects.toMatchObject({ code: "tenant-open-failed" });
    expect(fixture.told).toEqual(["failed a", "failed b"]);
    expect(fixture.slots.counts.openingsFailed).toBe(2);
    expect(fixture.slots.all()).toEqual([]);
  });
});

describe("a tenant that is at work by itself", () => {
  it("gives its room only once a use has waited half of its time, and is to be woken at once then", async () => {
    const fixture: Fixture = new Fixture({
      openMax: 1,
      // As one whose reader has events to handle for as long as the test lasts.
      open: async () => {
        const runtime = await openMemoryRuntime({ aggregates: [Account], clock: fixture.clock });
        return withOwn(runtime, { nextWorkAtMs: () => 0, workLeftAtMs: 0 });
      },
    });
    await fixture.use("a");
    const used = fixture.use("b");
    await fixture.clock.advance(2_400);
    expect(fixture.told).toEqual(["opened a"]);
    await fixture.clock.advance(200);
    await used;
    expect(fixture.told).toEqual(["opened a", "closed a 0", "opened b"]);
  });
});

describe("a tenant whose journal has failed", () => {
  it("says so in its line of the status, keeps nobody from room, and is to be opened to see", async () => {
    const fixture: Fixture = new Fixture({
      openMax: 1,
      open: async () => {
        const runtime = await openMemoryRuntime({ aggregates: [Account], clock: fixture.clock });
        const fail = () => {
          throw new JournalPoisonedError({ cause: new Error("the disk is gone") });
        };
        return withOwn(runtime, { nextWorkAtMs: fail, status: fail });
      },
    });
    await fixture.use("a");
    expect(fixture.slots.all().flatMap(statusOf)).toMatchObject([
      { tenantId: "a", health: "unhealthy" },
    ]);
    await fixture.use("b");
    expect(fixture.told).toEqual(["opened a", "closed a undefined", "opened b"]);
  });
});

/** The runtime, with some members replaced. */
function withOwn(runtime: Runtime, own: Readonly<Record<string, unknown>>): Runtime {
  return new Proxy(runtime, {
    get(target, name) {
      if (typeof name === "string" && name in own) return own[name];
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? (member.bind(target) as unknown) : member;
    },
  });
}
