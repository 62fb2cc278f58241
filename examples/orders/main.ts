/**
 * Orders for a conference over three services: seats are reserved, paid for in another service, and confirmed, or nothing of
 * it; whatever is refused, late, doubled, killed or away on the way.
 *
 * `node dist/examples/orders/main.js` · `--orders N` · `--directory DIR` (a new one, kept) · `--ci`
 */
import { mkdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { inDirectory } from "../support/directory.js";
import { startNatsServer, type RunningNatsServer } from "../support/nats-server.js";
import { checkBooks } from "./books.js";
import { BoxOffice } from "./box-office.js";
import * as branches from "./branches.js";
import { ordersKilled } from "./killed-orders.js";
import { OrderSaga } from "./order-saga.js";
import { paymentsDown, serverLosesAll } from "./outages.js";
import { booksText, branchesText, countsText, historyText } from "./report.js";
import { ServiceProcesses } from "./service-processes.js";

const { values } = parseArgs({
  options: {
    directory: { type: "string" },
    orders: { type: "string" },
    ci: { type: "boolean", default: false },
  },
});

const OUTAGE_MS = values.ci ? 3_000 : 30_000;
const ORDERS = Number(values.orders ?? (values.ci ? 150 : 600));
const KILLS = values.ci ? 2 : 5;

async function main(directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const server = await startNatsServer();
  const processes = new ServiceProcesses(directory, server.url);
  try {
    await Promise.all([
      processes.start("orders"),
      processes.start("seats"),
      processes.start("payments"),
    ]);
    const office = await BoxOffice.open(directory, server.url, processes);
    try {
      await run(office, processes, server);
    } finally {
      await office.close();
    }
  } finally {
    await processes.stopAll("SIGKILL");
    await server.stop();
  }
}

async function run(
  office: BoxOffice,
  processes: ServiceProcesses,
  server: RunningNatsServer,
): Promise<void> {
  await branches.openConference(office, branches.CONFERENCE, 10_000);
  const shown: branches.Branch[] = [];
  for (const branch of [
    () => branches.paid(office),
    () => branches.approvedLater(office),
    () => branches.declined(office),
    () => branches.neverPaid(office),
    () => branches.notEnoughSeats(office),
    () => branches.seatsTimeout(office, processes),
    () => branches.duplicated(office),
    () => branches.reordered(office),
    () => branches.reorderedForNothing(office),
    () => paymentsDown(office, processes, OUTAGE_MS),
    () => serverLosesAll(office, processes, server),
    () => ordersKilled(office, processes, { orders: ORDERS, kills: KILLS }),
  ]) {
    const done = await branch();
    shown.push(done);
    console.log(`${done.name}, order ${done.orderId}`);
    console.log(`${historyText(office.readers.orders, done.orderId)}\n`);
  }
  await processes.stopAll("SIGTERM");
  const books = checkBooks(office);
  const { orders } = office.readers;
  console.log(orders.sagas.diagram(OrderSaga));
  console.log(`\n${countsText(orders)}\n\n${booksText(books)}\n\n${branchesText(shown)}`);
  console.log("\nEvery order is at an end; seats, payments and registrations agree.");
}

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
await inDirectory("orders", values.directory, main);
