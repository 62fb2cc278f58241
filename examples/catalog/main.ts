/**
 * S6 catalog: a product list with the names of another service's users. Two processes over NATS, each with its own journal, either of
 * which is killed in the middle, and the NATS server, too.
 *
 * `node dist/examples/catalog/main.js` · `--size N` users, and a quarter as many products · `--full` · `--ci` · `--directory DIR`
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { createHistogram } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { hasCode } from "tidemark";
import { inTemporaryDirectory, NatsServer } from "tidemark/testing";
import type { ListedProduct } from "./catalog-view.js";
import { compared, lastUserEvent, type Compared } from "./expected.js";
import type { ProductsReport } from "./products-process.js";
import { Shop, userIdOf } from "./shop.js";
import { ServiceProcess } from "./supervisor.js";

const { values: flags } = parseArgs({
  options: {
    size: { type: "string" },
    full: { type: "boolean", default: false },
    ci: { type: "boolean", default: false },
    directory: { type: "string" },
  },
});

const userCount = Number(flags.size ?? (flags.full ? 20_000 : flags.ci ? 2_000 : 20_000));
const productCount = Math.ceil(userCount / 4);

interface Stage {
  readonly directories: { readonly users: string; readonly products: string };
  readonly server: NatsServer;
  readonly users: ServiceProcess<{ readonly what: string }>;
  readonly products: ServiceProcess<ProductsReport>;
  readonly shop: Shop;
  readonly userIds: readonly string[];
}

const NEW_PRODUCTS = 8;
const secondsSince = (startedAt: number) => (performance.now() - startedAt) / 1_000;

async function main(directory: string): Promise<void> {
  const directories = { users: join(directory, "users"), products: join(directory, "products") };
  const server = await NatsServer.start();
  const users = new ServiceProcess("./users-process.js", [directories.users, server.url]);
  const products = new ServiceProcess<ProductsReport>("./products-process.js", [
    directories.products,
    server.url,
  ]);
  const shop = await Shop.open(join(directory, "shop"), server.url);
  const userIds = Array.from({ length: userCount }, (_, n) => userIdOf(n));
  try {
    await run({ directories, server, users, products, shop, userIds });
  } finally {
    await shop.close();
    await Promise.all([users.stop(), products.stop()]);
    await server.remove();
  }
}

async function run(stage: Stage): Promise<void> {
  await registrations(stage);
  await firstImport(stage);
  const listed = await usersAway(stage);
  await usersKilledInTheMiddle(stage);
  await natsKilledInTheMiddle(stage);
  const found = await report(stage);
  const outcome = {
    "products listed with names, users service away": {
      stated: productCount + NEW_PRODUCTS,
      found: listed,
    },
    "times that the unknown user of new products was asked for": {
      stated: 1,
      found: asked(stage.products, userIdOf(userCount - 1)),
    },
    "events of users received, each once": { stated: found.userEvents, found: found.received },
    "users in the view, as a fold of their journal has them": {
      stated: userCount + 1,
      found: found.users,
    },
  };
  console.table(outcome);
  for (const [what, { stated, found }] of Object.entries(outcome))
    assert.equal(found, stated, `not as stated: ${what}`);
}

async function registrations({ users, shop, userIds }: Stage): Promise<void> {
  await users.start();
  const startedAt = performance.now();
  await shop.registerAll(userIds.length);
  await shop.renameAll(userIds, "spring");
  const commands = 2.5 * userIds.length;
  const rate = count(commands / secondsSince(startedAt));
  console.log(
    `${count(userIds.length)} users registered and renamed over NATS, ${rate} commands a second.`,
  );
}

/** The products service begins: a product's user is asked for once, and a kill in the middle of the import loses nothing. */
async function firstImport(stage: Stage): Promise<void> {
  const { products, shop, userIds } = stage;
  const last = userIds.at(-1) ?? "";
  const total = await lastUserEvent(stage.directories.users);
  await products.start();
  await Promise.all(
    Array.from({ length: NEW_PRODUCTS }, (_, n) =>
      shop.addProduct(`product-new-${n}`, { name: `New ${n}`, priceCents: 100, userId: last }),
    ),
  );
  const listed = await listOf(shop, last);
  await receivedUpTo(stage, total / 4);
  await products.kill();
  const before = receivedBy(products);
  assert(before < total, "the import was over before it could be killed");
  console.log(
    `\nThe products service starts, and gets ${NEW_PRODUCTS} products of ${last}, whose events are still to come.`,
  );
  console.log(`It asks for them ${asked(products, last)} time: ${nameOf(listed)}.`);
  console.log(`Killed when ${count(before)} of ${count(total)} events were received.`);

  const startedAt = performance.now();
  await products.start();
  await level(stage);
  const rate = count((total - before) / secondsSince(startedAt));
  console.log(`Started again: all ${count(total)} are there, ${rate} events a second.`);
  await shop.addProducts(productCount, (n) => userIds[(n * 7) % userIds.length] ?? "");
  await checkList(stage);
}

/** While the users service is away: the list answers, products are taken, renaming fails at once. @returns Products listed. */
async function usersAway({ users, shop, ...stage }: Stage): Promise<number> {
  await users.kill();
  const pages = createHistogram();
  const listed = await checkList({ users, shop, ...stage }, (ms) =>
    pages.record(Math.ceil(ms * 1e6)),
  );
  console.log(
    `\nThe users service is killed. The list: ${count(listed)} products with every name.`,
  );
  const took = (share: number) => `${(pages.percentile(share) / 1e6).toFixed(1)} ms`;
  console.log(
    `  pages of 50   p50 ${took(50)}, p99 ${took(99)}, slowest ${took(100)} (${count(pages.count)})`,
  );
  const startedAt = performance.now();
  const refused = await shop
    .rename(userIdOf(0), "Nobody", "rename-while-away")
    .catch((error: unknown) => error);
  assert(hasCode(refused, "no-responders"), String(refused));
  const ms = (secondsSince(startedAt) * 1_000).toFixed(1);
  console.log(`  renaming      fails after ${ms} ms: no-responders`);
  await shop.addProduct("product-early", { name: "Early", priceCents: 5, userId: "user-later" });
  const [early] = (await shop.list({ userId: "user-later" })).products;
  assert.equal(early?.user, null);
  console.log("  a product of somebody unknown is taken, and shown without a name");
  return listed;
}

async function usersKilledInTheMiddle(stage: Stage): Promise<void> {
  const { users, shop, userIds } = stage;
  await users.start();
  await shop.register("user-later", { name: "Later", email: "later@example.org" });
  console.log(`\nStarted again; the one who was unknown registers: ${await nameOnceKnown(stage)}.`);
  let restarting: Promise<void> | undefined;
  await shop.renameAll(userIds, "summer", (answered) => {
    if (answered >= userIds.length / 2) restarting ??= users.kill().then(() => users.start());
  });
  await restarting;
  await level(stage);
  await checkList(stage);
  console.log(`All renamed; the users service was killed half-way. Sent again: ${failures(shop)}.`);
}

async function nameOnceKnown({ shop }: Stage): Promise<string> {
  return nameOf(await listOf(shop, "user-later"));
}

async function natsKilledInTheMiddle(stage: Stage): Promise<void> {
  const { server, shop, userIds } = stage;
  shop.failures.clear();
  let restarting: Promise<void> | undefined;
  await shop.renameAll(userIds, "autumn", (answered) => {
    if (answered >= userIds.length / 2)
      restarting ??= server.stop("SIGKILL").then(() => server.restart());
  });
  await restarting;
  const startedAt = performance.now();
  await level(stage);
  await checkList(stage);
  console.log(`All renamed; NATS was killed half-way. Sent again: ${failures(shop)}.`);
  console.log(`The list was level ${secondsSince(startedAt).toFixed(2)} s after the last answer.`);
}

async function report({ directories, products, shop, userIds }: Stage): Promise<Compared> {
  const found = await compared(directories.users, directories.products);
  const { products: listed } = await shop.list({ limit: 5 });
  console.log("\nThe list");
  for (const { name, priceCents, user } of listed)
    console.log(
      `  ${name.padEnd(12)}${(priceCents / 100).toFixed(2).padStart(6)}  ${user?.name ?? "?"} <${user?.email ?? "?"}>`,
    );
  console.log(
    `\n${count(found.received)} of ${count(found.userEvents)} events of users are in the products service's journal, each once.`,
  );
  console.log(
    `Its view equals a fold of the users service's journal: ${count(found.users)} users, ${count(found.products)} products.`,
  );
  console.log(
    `Fetched: ${asked(products, userIds.at(-1) ?? "")} user for ${NEW_PRODUCTS} products, ${found.fetched} recorded.`,
  );
  return found;
}

/** Resolves once the products service has received every event of users that is on disk now; the list shows them from then on. */
async function level(stage: Stage): Promise<void> {
  const last = await lastUserEvent(stage.directories.users);
  stage.shop.showAtLeast(await receivedUpTo(stage, last));
}

/** Where the products service's own journal was when it had received so much of the other's. */
async function receivedUpTo({ products }: Stage, position: number): Promise<number> {
  const isThere = (each: ProductsReport) => each.what === "received" && each.position >= position;
  const report = products.reports.find(isThere) ?? (await products.reported(isThere));
  return report.what === "received" ? report.head : 0;
}

/** Every product in the list has the name and the address its user was answered to have. Returns how many there are. */
async function checkList(stage: Stage, onPage?: (ms: number) => void): Promise<number> {
  const listed = await stage.shop.listAll(onPage);
  for (const { productId, userId, user } of listed)
    assert.deepEqual(user, stage.shop.profiles.get(userId) ?? null, productId);
  return listed.length;
}

/** The products of a user, once their name is known. */
async function listOf(shop: Shop, userId: string): Promise<readonly ListedProduct[]> {
  for (;;) {
    const { products } = await shop.list({ userId });
    if (products.length > 0 && products.every(({ user }) => user !== null)) return products;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const nameOf = ([product]: readonly ListedProduct[]) => product?.user?.name ?? "nobody";

function receivedBy({ reports }: ServiceProcess<ProductsReport>): number {
  return Math.max(0, ...reports.map((each) => (each.what === "received" ? each.position : 0)));
}

function asked({ reports }: ServiceProcess<ProductsReport>, userId: string): number {
  return reports.filter((each) => each.what === "asked" && each.userId === userId && each.isFound)
    .length;
}

function failures({ failures: found }: Shop): string {
  return [...found].map(([code, times]) => `${count(times)} × ${code}`).join(", ") || "none";
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}

await (flags.directory === undefined ? inTemporaryDirectory(main) : main(flags.directory));
