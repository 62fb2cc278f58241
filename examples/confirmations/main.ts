/**
 * Confirmations: an order is placed, a mail is asked for, sent or refused, and asked for again later. Once on disk, closed while
 * retries wait; then killed at every write: one mail each.
 *
 * `node dist/examples/confirmations/main.js` · `--points N` at which it is killed · `--directory DIR`, an empty one · `--ci`
 */
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { openRuntime } from "tidemark";
import { ManualClock } from "tidemark/testing";
import { inDirectory } from "../support/directory.js";
import { count, lines } from "../support/figures.js";
import { crashEverywhere } from "./crash-points.js";
import { openService, settled, type Service } from "./service.js";
import { checkOneMailEach, customers, isTold, placeOrders, providerFor } from "./story.js";

const { values } = parseArgs({
  options: {
    directory: { type: "string" },
    points: { type: "string" },
    ci: { type: "boolean", default: false },
  },
});

const MINUTE_MS = 60_000;
/** Nobody waits for an hour here: this clock goes when it is told to. */
const clock = new ManualClock();
const all = customers(values.ci ? 16 : 64);
const provider = providerFor(all);

await inDirectory("confirmations", values.directory, async (directory) => {
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
  } finally {
    await second.runtime.close();
  }
});

const { points, mails, repetitions } = await crashEverywhere(
  Number(values.points ?? (values.ci ? 60 : 200)),
);
console.log(
  `\nKilled at ${points} points, before and after writes, and opened again: ${count(mails)} mails, one each; ` +
    `${repetitions} were asked for again, and the provider knew them.`,
);

function showWaiting({ runtime, confirmation }: Service): void {
  const waiting = runtime.sagas.instances(confirmation, { state: "waiting" }).instances;
  assert(waiting.length > 0);
  console.log(
    `Closed while ${waiting.length} of ${all.length} confirmations wait for another try:`,
  );
  console.log(lines(stateCounts({ runtime, confirmation })));
}

function showEnd({ runtime, confirmation }: Service): void {
  console.log("\nOpened again, and all are told:");
  console.log(lines(stateCounts({ runtime, confirmation })));
  console.log(`\nThe story of ${all[1]?.orderId}, as it was recorded:`);
  const orderId = all[1]?.orderId ?? "";
  const story = [...runtime.events()].filter(({ entityId }) => entityId === orderId);
  const beganAtMs = story[0]?.recordedAtMs ?? 0;
  const rows = story
    .filter(({ type }) => !type.startsWith("saga."))
    .map(({ streamType, type, data, recordedAtMs }) => {
      const at = `${String((recordedAtMs - beganAtMs) / MINUTE_MS).padStart(4)} min`;
      return [`${at}  ${streamType}`, `${type.padEnd(15)}${JSON.stringify(data ?? {})}`] as const;
    });
  console.log(lines(rows));
  console.log("\nAnd as its saga went:");
  const steps = [...runtime.sagas.history(confirmation, orderId)].filter(
    ({ state }) => state !== undefined,
  );
  console.log(lines(steps.map(({ event, state }) => [event?.type ?? "", `-> ${state ?? ""}`])));
}

function stateCounts({ runtime, confirmation }: Service) {
  return runtime.sagas
    .counts(confirmation)
    .map(({ state, instances }) => [state, String(instances)] as const);
}
