/**
 * S16 orders for a conference over three services: seats are reserved, paid for in another service, and confirmed, or nothing of it;
 * whatever is refused, late, doubled, killed or away on the way.
 *
 * `node dist/examples/orders/main.js` · `--size N` orders while services are killed · `--full` · `--ci` · `--directory DIR`
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Runtime, SagaInstance } from "tidemark";
import { inTemporaryDirectory, NatsServer } from "tidemark/testing";
import { BoxOffice } from "./box-office.js";
import * as branches from "./branches.js";
import { checkBooks } from "./expected.js";
import { ordersKilled } from "./killed-orders.js";
import { OrderSaga } from "./order-saga.js";
import { paymentsDown, serverLosesAll } from "./outages.js";
import { booksText, branchesText, countsText, historyText } from "./report.js";
import { ServiceProcesses } from "./supervisor.js";

const { values: flags } = parseArgs({
  options: {
    size: { type: "string" },
    full: { type: "boolean", default: false },
    ci: { type: "boolean", default: false },
    directory: { type: "string" },
  },
});

const size = Number(flags.size ?? (flags.full ? 600 : flags.ci ? 150 : 600));
const OUTAGE_MS = flags.ci ? 3_000 : 30_000;
const KILLS = flags.ci ? 2 : 5;

async function main(directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const server = await NatsServer.start();
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
    await server.remove();
  }
}

async function run(
  office: BoxOffice,
  processes: ServiceProcesses,
  server: NatsServer,
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
    () => ordersKilled(office, processes, { orders: size, kills: KILLS }),
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
  const counted = new Map(books);
  const outcome = {
    "ways through the saga, each at its end": { stated: 12, found: shown.length },
    "orders at an end, of all that were placed": {
      stated: counted.get("orders placed"),
      found: countOf(orders, "done"),
    },
    "orders confirmed, of those paid and kept": {
      stated: counted.get("orders paid"),
      found: counted.get("orders confirmed"),
    },
    "seats taken, of those paid": {
      stated: counted.get("seats paid"),
      found: counted.get("seats confirmed"),
    },
    "instances parked, or inputs for nobody": {
      stated: 0,
      found: countOf(orders, "parked") + orders.sagas.refused(OrderSaga).length,
    },
  };
  console.table(outcome);
  for (const [what, { stated, found }] of Object.entries(outcome))
    assert.equal(found, stated, `not as stated: ${what}`);
}

function countOf({ sagas }: Runtime, status: SagaInstance["status"]): number {
  const counts = sagas.counts(OrderSaga).filter((each) => each.status === status);
  return counts.reduce((sum, { instances }) => sum + instances, 0);
}

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
await (flags.directory === undefined ? inTemporaryDirectory(main) : main(flags.directory));
