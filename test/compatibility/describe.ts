/** What a runtime over a kept store shows, as JSON: the same after every opening, by every later release. */
import { openRuntime, type Runtime } from "tidemark";
import { ManualClock } from "tidemark/testing";
import { until } from "../support/until.js";
import { Delivery, Order, Orders, PriceList, shop, Tally, Watch } from "./shop.js";

/** What stands beside a packed store. */
export interface ExpectedStore {
  readonly release: string;
  /** Of each part of what is on disk and on the wire, when it was written. */
  readonly formats: Readonly<Record<string, string | number>>;
  /** Wall time at which it was closed. */
  readonly closedAtMs: number;
  readonly verified: Readonly<Record<string, unknown>>;
  readonly shown: unknown;
  /** After the timers that were due within the hour. */
  readonly shownLater: unknown;
}

export const LATER_MS = 3_600_000;

/** What a store shows when it is opened as it was closed, and after the timers of an hour. The other services aren't there. */
export async function showStore(
  directory: string,
  closedAtMs: number,
): Promise<Pick<ExpectedStore, "shown" | "shownLater">> {
  const clock = new ManualClock(closedAtMs);
  const runtime = await openRuntime({ ...shop, directory, clock, freeBytesMin: 0 });
  const shown = await describeShop(runtime);
  for (let passedMs = 0; passedMs < LATER_MS; passedMs += LATER_MS / 100) {
    await clock.advance(LATER_MS / 100);
    await settled(runtime);
  }
  const shownLater = await outcomesOf(runtime);
  await runtime.close();
  return { shown, shownLater };
}

/** Everything that can be read: events, states, claims, views by each index, instances, sessions, parked events, the audit. */
async function describeShop(runtime: Runtime): Promise<unknown> {
  await settled(runtime);
  const orders = ids(runtime, "order");
  const tallies = ids(runtime, "tally");
  const sessions = ids(runtime, "watch");
  const states = [];
  for (const id of orders) states.push([id, await runtime.state(Order, id)]);
  for (const id of tallies) states.push([id, await runtime.state(Tally, id)]);
  return asJson({
    events: [...runtime.events()],
    states,
    claims: ["ada", "bob", "cleo", "mallory"].map((key) => runtime.findClaim("open-order", key)),
    rawClaims: ["kept", "moved", "given-up", "short"].map((key) => runtime.findClaim("raw", key)),
    views: await viewsOf(runtime),
    instances: ids(runtime, "delivery").map((id) => runtime.sagas.instance(Delivery, id)),
    counts: runtime.sagas.counts(Delivery),
    sessions: sessions.map((id) => runtime.rules.session(Watch, id)),
    alerts: [...runtime.rules.alerts(Watch)],
    parked: runtime.operations
      .parked(Orders)
      .map(({ key, position, error, queued }) => ({ key, position, error, queued })),
    audit: runtime.operations.audit(Orders),
  });
}

/** Where everything has come to. Not when: that depends on how fast the disk was beside a clock that is moved by hand. */
async function outcomesOf(runtime: Runtime): Promise<unknown> {
  const tallies: [string, Record<string, number>][] = [];
  for (const id of ids(runtime, "tally"))
    tallies.push([id, (await runtime.state(Tally, id)).state]);
  const { instances } = runtime.sagas.instances(Delivery);
  const alerts = [...runtime.rules.alerts(Watch)];
  return asJson({
    tallies,
    instances: instances.map(({ instanceId, status, state }) => [instanceId, status, state]).sort(),
    alerts: alerts
      .map(({ sessionId, type, data }) => JSON.stringify([sessionId, type, data]))
      .sort(),
    views: await viewsOf(runtime),
  });
}

async function viewsOf(runtime: Runtime): Promise<unknown> {
  const orders = runtime.view(Orders, "orders");
  const buyers = runtime.view(Orders, "buyers");
  return {
    orders: await orders.list(),
    byBuyerAndCents: await orders.find("byBuyerAndCents"),
    byTag: await orders.find("byTag", { equals: "gift" }),
    byPounds: await orders.find("byPounds", { from: 10 }),
    buyers: await buyers.find("byName"),
    prices: await runtime.view(PriceList).list(),
  };
}

/** Until nothing moves without time: readers are at the head, what is asked is answered or waits. */
export async function settled(runtime: Runtime): Promise<void> {
  const still = () => {
    const { projections, sagas, rules, reactors } = runtime.status();
    const generations = Object.values(projections).flatMap((each) => each.generations);
    const others = Object.values({ ...sagas, ...rules, ...reactors });
    return [...generations, ...others].every(({ lagEvents }) => lagEvents === 0);
  };
  for (let quiet = 0, head = -1; quiet < 50; head = runtime.head) {
    await until(still);
    await new Promise((resolve) => setImmediate(resolve));
    quiet = runtime.head === head ? quiet + 1 : 0;
  }
}

function ids(runtime: Runtime, streamType: string): string[] {
  const found = new Set<string>();
  for (const { streamId, entityId } of runtime.events())
    if (streamId === `${streamType}/${entityId}`) found.add(entityId);
  return [...found].sort();
}

/** Bigints and bytes are marked. */
export function asJson(value: unknown): unknown {
  const text = JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === "bigint") return { big: String(part) };
    if (part instanceof Uint8Array) return { bytes: [...part] };
    const buffer = part as { type?: unknown; data?: unknown } | null;
    return buffer?.type === "Buffer" ? { bytes: buffer.data } : part;
  });
  return JSON.parse(text) as unknown;
}
