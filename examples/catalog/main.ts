/**
 * A product list with the names of another service's users: two processes over NATS, each with its own journal, either of which
 * is killed in the middle, and the NATS server, too.
 *
 * `node dist/examples/catalog/main.js` · `--users N` · `--products N` · `--directory DIR` (a new one, kept) · `--ci`
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { hasCode } from "tidemark";
import { inDirectory } from "../support/directory.js";
import { count, Latencies } from "../support/figures.js";
import { startNatsServer, type RunningNatsServer } from "../support/nats-server.js";
import type { ListedProduct } from "./catalog-view.js";
import { compared, lastUserEvent } from "./comparison.js";
import type { ProductsReport } from "./products-process.js";
import { ServiceProcess } from "./service-process.js";
import { Shop, userIdOf } from "./shop.js";

const { values } = parseArgs({
  options: {
    directory: { type: "string" },
    users: { type: "string" },
    products: { type: "string" },
    ci: { type: "boolean", default: false },
  },
});

interface Stage {
  readonly directories: { readonly users: string; readonly products: string };
  readonly server: RunningNatsServer;
  readonly users: ServiceProcess<{ readonly what: string }>;
  readonly products: ServiceProcess<ProductsReport>;
  readonly shop: Shop;
  readonly userIds: readonly string[];
  readonly productCount: number;
}

const NEW_PRODUCTS = 8;
const secondsSince = (startedAt: number) => (performance.now() - startedAt) / 1_000;

async function main(directory: string): Promise<void> {
  const userCount = Number(values.users ?? (values.ci ? 2_000 : 20_000));
  const productCount = Number(values.products ?? (values.ci ? 500 : 5_000));
  const directories = { users: join(directory, "users"), products: join(directory, "products") };
  const server = await startNatsServer();
  const users = new ServiceProcess("./users-process.js", [directories.users, server.url]);
  const products = new ServiceProcess<ProductsReport>("./products-process.js", [
    directories.products,
    server.url,
  ]);
  const shop = await Shop.open(join(directory, "shop"), server.url);
  const userIds = Array.from({ length: userCount }, (_, n) => userIdOf(n));
  try {
    await run({ directories, server, users, products, shop, userIds, productCount });
  } finally {
    await shop.close();
    await Promise.all([users.stop(), products.stop()]);
    await server.stop();
  }
}

async function run(stage: Stage): Promise<void> {
  await registrations(stage);
  await firstImport(stage);
  await usersAway(stage);
  await usersKilledInTheMiddle(stage);
  await natsKilledInTheMiddle(stage);
  await report(stage);
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
  const { products, shop, userIds, productCount } = stage;
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
  assert.equal(asked(products, last), 1);
  console.log(`Killed when ${count(before)} of ${count(total)} events were received.`);

  const startedAt = performance.now();
  await products.start();
  await level(stage);
  const rate = count((total - before) / secondsSince(startedAt));
  console.log(`Started again: all ${count(total)} are there, ${rate} events a second.`);
  await shop.addProducts(productCount, (n) => userIds[(n * 7) % userIds.length] ?? "");
  await checkList(stage);
}

/** While the users service is away: the list answers, products are taken, renaming fails at once. */
async function usersAway({ users, shop, ...stage }: Stage): Promise<void> {
  await users.kill();
  const pages = new Latencies();
  const listed = await checkList({ users, shop, ...stage }, (ms) => pages.add(ms));
  console.log(
    `\nThe users service is killed. The list: ${count(listed)} products with every name.`,
  );
  console.log(`  pages of 50   ${pages.toString()}`);
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
    if (answered >= userIds.length / 2) restarting ??= server.kill().then(() => server.restart());
  });
  await restarting;
  const startedAt = performance.now();
  await level(stage);
  await checkList(stage);
  console.log(`All renamed; NATS was killed half-way. Sent again: ${failures(shop)}.`);
  console.log(`The list was level ${secondsSince(startedAt).toFixed(2)} s after the last answer.`);
}

async function report({ directories, products, shop, userIds }: Stage): Promise<void> {
  const found = await compared(directories.users, directories.products);
  assert.equal(found.users, userIds.length + 1);
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

await inDirectory("catalog", values.directory, main);
