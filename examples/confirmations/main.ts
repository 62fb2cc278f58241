/**
 * S14 confirmations: an order is placed, a mail is asked for, sent or refused, and asked for again later. Once on disk, closed while
 * retries wait; then killed at every write: one mail each.
 *
 * `node dist/examples/confirmations/main.js` · `--size N` points at which it is killed · `--full` · `--ci` · `--directory DIR`
 */
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { openRuntime } from "tidemark";
import { inTemporaryDirectory, ManualClock } from "tidemark/testing";
import { crashEverywhere } from "./crash-points.js";
import { checkOneMailEach, isTold } from "./expected.js";
import { openService, settled, type Service } from "./service.js";
import { customers, placeOrders, providerFor } from "./traffic.js";

const { values: flags } = parseArgs({
  options: {
    size: { type: "string" },
    full: { type: "boolean", default: false },
    ci: { type: "boolean", default: false },
    directory: { type: "string" },
  },
});

const pointsMax = Number(flags.size ?? (flags.full ? 200 : flags.ci ? 60 : 200));
const all = customers(flags.ci ? 16 : 64);
const MINUTE_MS = 60_000;
/** Nobody waits for an hour here: this clock goes when it is told to. */
const clock = new ManualClock();
const provider = providerFor(all);

async function main(directory: string): Promise<void> {
  const told = await closedAndOpened(directory);
  const killed = await crashEverywhere(pointsMax);
  console.log(
    `\nKilled at ${killed.points} points, before and after writes, and opened again: ${killed.mails.toLocaleString("en")} mails, one each; ` +
      `${killed.repetitions} were asked for again, and the provider knew them.`,
  );
  const outcome = {
    "orders told, closed while some waited": { stated: all.length, found: told },
    "points at which it was killed": { stated: pointsMax, found: killed.points },
    "mails, one each at every point": { stated: killed.mailsDue, found: killed.mails },
  };
  console.table(outcome);
  for (const [what, { stated, found }] of Object.entries(outcome))
    assert.equal(found, stated, `not as stated: ${what}`);
}

/** On disk: closed while retries wait, and opened again when they are due. @returns How many orders came to their end. */
async function closedAndOpened(directory: string): Promise<number> {
  const open = () =>
    openService(provider, 60 * MINUTE_MS, (parts) => openRuntime({ ...parts, directory, clock }));
  const first = await open();
  try {
    await placeOrders(first, all);
    await settled(first);
    showWaiting(first);
  } finally {
    await first.runtime.close();
  }
  // Retries become due while nobody is there.
  await clock.advance(90 * MINUTE_MS);
  const second = await open();
  try {
    while (!isTold(second, all)) {
      await settled(second);
      await clock.advance(10 * MINUTE_MS);
    }
    await settled(second);
    await checkOneMailEach(second, provider, all);
    showEnd(second);
    return all.filter((customer) => isTold(second, [customer])).length;
  } finally {
    await second.runtime.close();
  }
}

function showWaiting({ runtime, confirmation }: Service): void {
  const waiting = runtime.sagas.instances(confirmation, { state: "waiting" }).instances;
  assert(waiting.length > 0);
  console.log(
    `Closed while ${waiting.length} of ${all.length} confirmations wait for another try:`,
  );
  showStates({ runtime, confirmation });
}

function showEnd({ runtime, confirmation }: Service): void {
  console.log("\nOpened again, and all are told:");
  showStates({ runtime, confirmation });
  console.log(`\nThe story of ${all[1]?.orderId}, as it was recorded:`);
  const orderId = all[1]?.orderId ?? "";
  const story = [...runtime.events()].filter(({ entityId }) => entityId === orderId);
  const beganAtMs = story[0]?.recordedAtMs ?? 0;
  for (const { streamType, type, data, recordedAtMs } of story) {
    if (type.startsWith("saga.")) continue;
    const at = `${String((recordedAtMs - beganAtMs) / MINUTE_MS).padStart(4)} min`;
    line(`${at}  ${streamType}`, 24, `${type.padEnd(15)}${JSON.stringify(data ?? {})}`);
  }
  console.log("\nAnd as its saga went:");
  const steps = [...runtime.sagas.history(confirmation, orderId)].filter(
    ({ state }) => state !== undefined,
  );
  for (const { event, state } of steps) line(event?.type ?? "", 41, `-> ${state ?? ""}`);
}

function showStates({ runtime, confirmation }: Service): void {
  for (const { state, instances } of runtime.sagas.counts(confirmation))
    line(state, 9, String(instances));
}

function line(name: string, width: number, text: string): void {
  console.log(`  ${name.padEnd(width)}${text}`);
}

await (flags.directory === undefined ? inTemporaryDirectory(main) : main(flags.directory));
