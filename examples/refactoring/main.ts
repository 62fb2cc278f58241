/**
 * S12 refactoring: payments go from the conference to the order, a new waiting list collects the seats that weren't there, a handler
 * goes. First on a copy of the log, then for real, and killed in the middle.
 *
 * `node dist/examples/refactoring/main.js` · `--size N` conferences · `--full` · `--ci` · `--directory DIR`
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { backupStore, InvalidArgumentError, openRuntime, tryOut, type Runtime } from "tidemark";
import { inTemporaryDirectory } from "tidemark/testing";
import { Conference, conferenceWith, upcasters } from "./after/conference.js";
import { Order } from "./after/order.js";
import { WaitingList } from "./after/waiting-list.js";
import { factsOf, totalOf } from "./expected.js";
import { count, lines } from "./report.js";
import {
  approve,
  moved,
  openAfter,
  openBefore,
  rowsBefore,
  rowsShown,
  rowsToCome,
  type Rows,
} from "./services.js";
import { announce, conferenceIds, ordersAfter, ordersBefore, type Size } from "./traffic.js";

const { values: flags } = parseArgs({
  options: {
    size: { type: "string" },
    full: { type: "boolean", default: false },
    ci: { type: "boolean", default: false },
    directory: { type: "string" },
  },
});

const size: Size = {
  conferences: Number(flags.size ?? (flags.full ? 200 : flags.ci ? 5 : 20)),
  orders: flags.ci ? 40 : 200,
};

async function main(directory: string): Promise<void> {
  const live = join(directory, "live");
  const copy = join(directory, "copy");
  const before = await openBefore(live);
  await announce(before, size);
  await ordersBefore(before, size, 0, size.orders / 2);
  await tryBeside(live);
  // #region copy
  const asOfCopy = await rowsBefore(before);
  const { head } = await backupStore(live, copy);
  assert.equal(head, before.head);
  const tried = await tryOn(copy, asOfCopy);
  // #endregion
  await ordersBefore(before, size, size.orders / 2, size.orders);
  const last = await rowsBefore(before);
  assert.deepEqual(last, factsOf(before).rows);
  await before.close();

  await killAmidMoves(live);
  const real = await forReal(live, last);
  const repeated = await again(live);
  const outcome = {
    "first try on the copy": { stated: "invalid-argument", found: tried.refusal },
    "payments moved on the copy": { stated: tried.payments, found: tried.moved },
    "payments moved for real, killed in the middle": {
      stated: real.payments,
      found: real.moved,
    },
    "payments moved twice": { stated: 0, found: real.orderEvents - real.moved },
    "seats that the waiting lists collected": {
      stated: totalOf(last, "wantedSeats"),
      found: real.waiting,
    },
    "cents paid, in the view": { stated: totalOf(last, "paidCents"), found: real.paidCents },
    "moved by the next start": { stated: 0, found: repeated },
  };
  console.table(outcome);
  for (const [what, { stated, found }] of Object.entries(outcome))
    assert.equal(found, stated, `not as stated: ${what}`);
}

/** The log of the running service, read by tomorrow's code: what it can't read is told before anything is copied. */
async function tryBeside(live: string): Promise<void> {
  const { BadgesPrinted: _forgotten, ...others } = upcasters;
  // #region try
  const candidates = { aggregates: [conferenceWith(others)] };
  const [forgetful] = (await tryOut({ directory: live, candidates })).aggregates;
  assert.deepEqual(forgetful?.unreadableTypes, ["BadgesPrinted"]);
  const whole = await tryOut({ directory: live, candidates: { aggregates: [Conference] } });
  assert.equal(whole.aggregates[0]?.unreadable, 0);
  // #endregion
}

/** The copy is asked what becomes of the real one. */
async function tryOn(copy: string, before: Rows) {
  console.log("On a copy of the log");
  const { BadgesPrinted: _forgotten, ...others } = upcasters;
  const refusal = await openAfter(copy, undefined, conferenceWith(others)).then(
    () => undefined,
    (error: unknown) => error,
  );
  assert(refusal instanceof InvalidArgumentError);
  assert.match(refusal.message, /BadgesPrinted/);
  console.log(lines([["first try ", refusal.message]]));
  const runtime = await openAfter(copy);
  try {
    await moved(runtime);
    const { payments, moved: found } = await checkMoved(runtime, before);
    console.log(lines([["second try", `${count(payments.size)} payments moved, no row differs`]]));
    return { refusal: refusal.code, payments: payments.size, moved: found.size };
  } finally {
    await runtime.close();
  }
}

/** Every payment once, no row of the view other than before, and streams of before fold to what they were. */
async function checkMoved(runtime: Runtime, before: Rows) {
  const facts = factsOf(runtime);
  assert.deepEqual(facts.moved, facts.payments);
  // Before anybody sees it.
  assert.deepEqual(await rowsToCome(runtime), before);
  assert.deepEqual(before, facts.rows);
  assert.deepEqual(await rowsShown(runtime), before);
  assert.equal(servingVersion(runtime), 1);
  for (const [id, { name, free, held, wantedSeats }] of Object.entries(before)) {
    assert.deepEqual((await runtime.state(Conference, id)).state, { name, free, held });
    const { wanted } = (await runtime.state(WaitingList, id)).state;
    assert.equal(
      wanted.reduce((sum, { seats }) => sum + seats, 0),
      wantedSeats,
    );
  }
  await approve(runtime);
  assert.equal(servingVersion(runtime), 2);
  assert.deepEqual(await rowsShown(runtime), before);
  return facts;
}

function servingVersion(runtime: Runtime): number | undefined {
  return runtime.status().projections["conferences"]?.generations[0]?.version;
}

async function killAmidMoves(live: string): Promise<void> {
  const path = fileURLToPath(new URL("./move-process.js", import.meta.url));
  const dieAt = Math.floor((size.conferences * size.orders) / 8);
  const child = spawn(process.execPath, [path, live, String(dieAt)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(signal ?? code));
  });
  assert.equal(await ended, "SIGKILL");
  const runtime = await openRuntime({ directory: live, readOnly: true, aggregates: [] });
  const facts = factsOf(runtime);
  await runtime.close();
  assert(facts.moved.size > 0 && facts.moved.size < facts.payments.size, "in the middle");
  const of = `${count(facts.moved.size)} of ${count(facts.payments.size)} payments were moved`;
  console.log(`\nFor real\n${lines([["killed".padEnd(12), `when ${of}`]])}`);
}

async function forReal(live: string, before: Rows) {
  let asked = 0;
  const runtime = await openAfter(live, () => (asked += 1));
  try {
    await moved(runtime);
    const { payments, moved: found } = await checkMoved(runtime, before);
    const orderEvents = [...runtime.events({ filter: { streamTypes: ["order"] } })].length;
    const shown = await rowsShown(runtime);
    const outcome = { payments: payments.size, moved: found.size, orderEvents };
    const totals = { waiting: await waitingSeats(runtime), paidCents: totalOf(shown, "paidCents") };
    console.log(
      lines([
        ["opened again", `asked for ${count(asked)}; all ${count(payments.size)} moved, each once`],
        ["the view", "no row differs from before"],
        ["paid", `${count(totals.paidCents / 100)} €`],
        ["waiting", `for ${count(totals.waiting)} seats`],
      ]),
    );
    await ordersAfter(runtime, size);
    await moved(runtime);
    assert.deepEqual(await rowsShown(runtime), factsOf(runtime).rows);
    return { ...outcome, ...totals };
  } finally {
    await runtime.close();
  }
}

/** Over all conferences. */
async function waitingSeats(runtime: Runtime): Promise<number> {
  let sum = 0;
  for (const id of conferenceIds(size))
    for (const { seats } of (await runtime.state(WaitingList, id)).state.wanted) sum += seats;
  return sum;
}

/** The next start finds nothing to do. */
async function again(live: string): Promise<number> {
  let asked = 0;
  const runtime = await openAfter(live, () => (asked += 1));
  try {
    const { head } = runtime;
    await moved(runtime);
    assert.equal(runtime.head, head);
    const facts = factsOf(runtime);
    assert.deepEqual(await rowsShown(runtime), facts.rows);
    console.log(
      `\nOpened once more: nothing left to move; new orders on old streams agree with the log`,
    );
    await showOrder(runtime);
    return asked;
  } finally {
    await runtime.close();
  }
}

/** A fact, where it was recorded and where it belongs now. */
async function showOrder(runtime: Runtime): Promise<void> {
  const [id = ""] = conferenceIds(size);
  const orderId = `${id}-order-0`;
  const [paid] = runtime.history(Order, orderId);
  assert(paid);
  const from = [...runtime.history(Conference, id)].find(
    ({ eventId }) => eventId === paid.causationId,
  );
  assert(from);
  console.log(
    lines([
      [from.streamId, `version ${from.version}: ${from.type} ${JSON.stringify(from.data)}`],
      [paid.streamId, `version ${paid.version}: ${paid.type} ${JSON.stringify(paid.data)}`],
    ]),
  );
}

await (flags.directory === undefined ? inTemporaryDirectory(main) : main(flags.directory));
