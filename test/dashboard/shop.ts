/** The shop at work: a day of orders, with the trouble that a day brings, and as much more as is wanted. */
import { openRuntime, type Answer, type Runtime, type RuntimeOptions } from "tidemark";
import { ManualClock, MemoryDirectory, openMemoryRuntime } from "tidemark/testing";
import { privacy } from "../privacy/people.js";
import { randomFrom } from "../support/random.js";
import { CustomerAccount, Order, Payment, type Placed } from "./shop-domain.js";
import {
  articlesView,
  confirmationMail,
  DAY_MS,
  fraudRules,
  fulfilmentSaga,
  HOUR_MS,
  MINUTE_MS,
  ordersView,
  revenueView,
  type Mended,
} from "./shop-readers.js";

export interface ShopOptions {
  /** In memory where it isn't given. */
  readonly directory?: string;
  readonly orders?: number;
  readonly messaging?: RuntimeOptions["messaging"];
}

export const SHOP_NOW_MS = Date.UTC(2026, 5, 18, 14, 30);
const ARTICLES = [
  ["tent-2p", 24_900],
  ["sleeping-bag-3s", 18_950],
  ["stove-micro", 5_490],
  ["rope-60m", 15_900],
  ["headlamp-400", 4_495],
  ["boots-gtx-43", 21_900],
] as const;
const COUNTRIES = ["DE", "DE", "AT", "FR", "DE", "CH", "NL", "DK", "FR", "DE"];

interface Step {
  readonly atMs: number;
  readonly run: (runtime: Runtime) => Promise<unknown>;
}

export class Shop {
  readonly runtime: Runtime;
  readonly clock: ManualClock;
  readonly mended: Mended;
  readonly #random = randomFrom(7);
  #orders = 0;

  private constructor(runtime: Runtime, clock: ManualClock, mended: Mended) {
    this.runtime = runtime;
    this.clock = clock;
    this.mended = mended;
  }

  /** Resolves after a day of orders. */
  static async open({ directory, orders = 90, messaging }: ShopOptions = {}): Promise<Shop> {
    const clock = new ManualClock(SHOP_NOW_MS - DAY_MS);
    const mended = { taxes: false, revenue: false, carriers: false, scores: false, regions: false };
    const options = {
      aggregates: [Order, Payment, CustomerAccount],
      projections: [ordersView(mended), revenueView(mended), articlesView],
      reactors: [confirmationMail],
      sagas: [fulfilmentSaga(mended)],
      ruleSets: [fraudRules(mended)],
      service: "shop",
      privacy,
      clock,
      ...(messaging === undefined ? {} : { messaging }),
    };
    const runtime =
      directory === undefined
        ? await openMemoryRuntime({ ...options, directory: new MemoryDirectory() })
        : await openRuntime({ ...options, directory, freeBytesMin: 0 });
    const shop = new Shop(runtime, clock, mended);
    await shop.#day(orders);
    return shop;
  }

  async #day(orders: number): Promise<void> {
    const begunMs = this.clock.nowMs();
    const steps: Step[] = [];
    for (let each = 0; each < 12; each += 1) steps.push(this.#registration(each, begunMs));
    for (let each = 0; each < orders; each += 1) {
      const atMs = begunMs + ((each + 1) / (orders + 1)) * DAY_MS;
      steps.push(...this.#order(atMs));
    }
    steps.push({
      atMs: SHOP_NOW_MS - 3 * HOUR_MS,
      run: (runtime) => capture(runtime, "ord-10401", -4_900),
    });
    steps.sort((a, b) => a.atMs - b.atMs);
    for (const { atMs, run } of steps.filter((step) => step.atMs <= SHOP_NOW_MS)) {
      await this.clock.advance(Math.max(0, atMs - this.clock.nowMs()));
      await run(this.runtime);
      await this.#answered();
    }
    await this.clock.advance(Math.max(0, SHOP_NOW_MS - this.clock.nowMs()));
    await this.settle();
  }

  /** Hours go by at once here: nobody shall be waiting for an answer meanwhile. */
  async #answered(): Promise<void> {
    for (let turn = 0; turn < 5_000; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      const { sagas, rules } = this.runtime.status();
      const lag = [...Object.values(sagas), ...Object.values(rules)].map((each) => each.lagEvents);
      const lanes = this.runtime.sagas.outbox().map(({ waiting, inFlight }) => waiting + inFlight);
      if ([...lag, ...lanes].every((left) => left === 0)) return;
    }
  }

  #registration(each: number, begunMs: number): Step {
    const names = ["Ada", "Grace", "Kurt", "Emmy", "Alan", "Radia", "Edsger", "Barbara"];
    const name = names[each % names.length] ?? "Ada";
    const data = { name, email: `${name.toLowerCase()}${each}@example.com` };
    const command = { type: "Register", data } as const;
    return {
      atMs: begunMs,
      run: (runtime) => runtime.ask(CustomerAccount, `cus-${200 + each}`, command),
    };
  }

  /** The life of an order; each of it where its time has come. */
  #order(atMs: number): readonly Step[] {
    this.#orders += 1;
    const id = `ord-${10_400 + this.#orders}`;
    const placed = this.#placed();
    const { cents } = placed;
    const at = (afterMs: number, run: Step["run"]): Step => ({ atMs: atMs + afterMs, run });
    const tracking = `JD0146${this.#orders}77`;
    const place = at(0, (runtime) => runtime.ask(Order, id, { type: "Place", data: placed }));
    // Some never pay.
    if (this.#orders % 9 === 0) return [place];
    return [
      place,
      at(4 * MINUTE_MS, (runtime) => capture(runtime, id, cents)),
      at(5 * MINUTE_MS, (runtime) =>
        runtime.ask(Order, id, { type: "Pay", data: { method: "card" } }),
      ),
      at(HOUR_MS, (runtime) =>
        runtime.ask(Order, id, { type: "Pack", data: { parcels: 1, grams: 2_300 } }),
      ),
      at(3 * HOUR_MS, (runtime) =>
        runtime.ask(Order, id, { type: "Ship", data: { carrier: "DHL", tracking } }),
      ),
      at(16 * HOUR_MS, (runtime) => runtime.ask(Order, id, { type: "Deliver" })),
    ];
  }

  #placed(): Placed {
    const lines = Array.from({ length: 1 + (this.#orders % 3) }, () => {
      const [article, price] =
        ARTICLES[Math.floor(this.#random() * ARTICLES.length)] ?? ARTICLES[0];
      const pieces = 1 + Math.floor(this.#random() * 2);
      return { article, pieces, cents: pieces * price };
    });
    const cents = lines.reduce((sum, line) => sum + line.cents, 0);
    const odd = this.#orders % 29 === 17 ? "NO" : this.#orders % 31 === 13 ? "IS" : undefined;
    const country = odd ?? COUNTRIES[this.#orders % COUNTRIES.length] ?? "DE";
    return { customer: `cus-${200 + (this.#orders % 12)}`, country, lines, cents };
  }

  /** Some seconds of business. */
  async work(seconds: number, ordersASecond = 2): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      for (let each = 0; each < ordersASecond; each += 1) {
        const [place, pay] = this.#order(this.clock.nowMs());
        await place?.run(this.runtime);
        await pay?.run(this.runtime);
      }
      await this.clock.advance(1_000);
    }
  }

  /** Resolves once everybody who reads the journal has come as far as they can, and lists of instances show it. */
  async settle(): Promise<void> {
    await this.clock.advance(1_000);
    for (let turn = 0; turn < 400; turn += 1) {
      await this.clock.advance(5);
      if (this.#isSettled()) return;
    }
  }

  #isSettled(): boolean {
    const { projections, reactors, sagas, rules } = this.runtime.status();
    const readers = [
      ...Object.values(projections).flatMap(({ generations }) => generations),
      ...Object.values(reactors),
    ];
    const isStanding = (state: string) => ["stopped", "paused", "frozen"].includes(state);
    return (
      readers.every(({ lagEvents, state }) => lagEvents === 0 || isStanding(state)) &&
      [...Object.values(sagas), ...Object.values(rules)].every(({ lagEvents }) => lagEvents === 0)
    );
  }

  close(): Promise<void> {
    return this.runtime.close();
  }
}

function capture(runtime: Runtime, id: string, cents: number): Promise<Answer> {
  return runtime.ask(Payment, id, { type: "Capture", data: { cents } });
}
