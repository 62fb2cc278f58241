/** Whoever uses both services: sends commands under ids of its own, so that any may be sent again, and reads the list. */
import { setTimeout as delay } from "node:timers/promises";
import { openRuntime, type AnyAggregate, type Runtime, TidemarkError } from "tidemark";
import { Products, type ListedProduct, type ProductList } from "./catalog-view.js";
import { Product, type ProductData } from "./product.js";
import { messagingAt } from "./services.js";
import { User, type Profile, type UserCommand } from "./user.js";

const IN_FLIGHT = 256;
const AGAIN_AFTER_MS = 20;
const TIMEOUT_MS = 2_000;

export const userIdOf = (n: number): string => `user-${String(n).padStart(5, "0")}`;

export class Shop {
  /** As it was told by the answers: what everybody is called. */
  readonly profiles = new Map<string, Profile>();
  /** Commands that failed, and were sent again under the same id, by the code of the error. */
  readonly failures = new Map<string, number>();
  readonly #runtime: Runtime;
  #atLeast = 0;

  private constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  static async open(directory: string, servers: string): Promise<Shop> {
    const aggregates: AnyAggregate[] = [];
    return new Shop(await openRuntime({ directory, aggregates, messaging: messagingAt(servers) }));
  }

  close(): Promise<void> {
    return this.#runtime.close();
  }

  /** Once, without trying again. */
  async rename(userId: string, name: string, commandId: string): Promise<void> {
    await this.#change(userId, { type: "Rename", data: { name } }, commandId);
  }

  async register(userId: string, profile: Profile): Promise<void> {
    await this.#untilAnswered(() =>
      this.#change(userId, { type: "Register", data: profile }, `register-${userId}`),
    );
  }

  /** Renames users and gives every other one a new address, many at a time. */
  async renameAll(
    userIds: readonly string[],
    round: string,
    onAnswered: (count: number) => void = () => undefined,
  ): Promise<void> {
    let answered = 0;
    await each(userIds.length, async (n) => {
      const userId = userIds[n] ?? "";
      const name = `User ${userId.slice(5)} of ${round}`;
      await this.#untilAnswered(() => this.rename(userId, name, `${round}-name-${userId}`));
      const email = `${userId}@${round}.example.org`;
      const command: UserCommand = { type: "ChangeEmail", data: { email } };
      if (n % 2 === 0)
        await this.#untilAnswered(() => this.#change(userId, command, `${round}-mail-${userId}`));
      onAnswered((answered += 1));
    });
  }

  async registerAll(count: number): Promise<void> {
    await each(count, (n) => {
      const userId = userIdOf(n);
      return this.register(userId, { name: `User ${n}`, email: `${userId}@example.org` });
    });
  }

  async #change(userId: string, command: UserCommand, commandId: string): Promise<void> {
    const options = { commandId, timeoutMs: TIMEOUT_MS };
    const answer = await this.#runtime.remote(User).ask(userId, command, options);
    if (answer.status === "rejected") throw new Error(`${commandId} was refused: ${answer.code}`);
    const before = this.profiles.get(userId) ?? { name: "", email: "" };
    this.profiles.set(userId, { ...before, ...command.data });
  }

  async addProduct(productId: string, data: ProductData): Promise<void> {
    const options = { commandId: `add-${productId}`, timeoutMs: TIMEOUT_MS };
    const products = this.#runtime.remote(Product);
    await this.#untilAnswered(async () => {
      const answer = await products.ask(productId, { type: "Add", data }, options);
      if (answer.status === "accepted") this.showAtLeast(answer.position);
    });
  }

  /** From now on the list is asked to show at least this position of the products service's journal. */
  showAtLeast(position: number): void {
    this.#atLeast = Math.max(this.#atLeast, position);
  }

  async addProducts(count: number, userOf: (n: number) => string): Promise<void> {
    await each(count, (n) =>
      this.addProduct(`product-${String(n).padStart(5, "0")}`, {
        name: `Product ${n}`,
        priceCents: 100 + ((n * 37) % 9_900),
        userId: userOf(n),
      }),
    );
  }

  /** One page. */
  list(request: { userId?: string; limit?: number; after?: string } = {}): Promise<ProductList> {
    const shown = { ...request, atLeast: this.#atLeast };
    return this.#runtime.call(Products, shown, { timeoutMs: TIMEOUT_MS });
  }

  /** All of it, page by page; each page is told of. */
  async listAll(onPage: (ms: number) => void = () => undefined): Promise<ListedProduct[]> {
    const listed: ListedProduct[] = [];
    let after: string | null = "";
    while (after !== null) {
      const startedAt = performance.now();
      const page = await this.list({ limit: 50, ...(after === "" ? {} : { after }) });
      onPage(performance.now() - startedAt);
      listed.push(...page.products);
      after = page.next;
    }
    return listed;
  }

  /** What fails retryably is sent again under the same id: whether it was carried out or not, it is then, and once. */
  async #untilAnswered(send: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await send();
        return;
      } catch (error) {
        if (!(error instanceof TidemarkError) || !error.retryable) throw error;
        this.failures.set(error.code, (this.failures.get(error.code) ?? 0) + 1);
        await delay(AGAIN_AFTER_MS);
      }
    }
  }
}

/** Some at a time. */
async function each(count: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}
