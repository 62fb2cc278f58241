/**
 * A service that is killed while its view is built, rebuilt, rolled back, paused and mended under load.
 * Usage: node views-child.js DIRECTORY VERSION MENDED SEED
 */
import { openRuntime } from "tidemark";
import { randomFrom } from "../support/random.js";
import { Account } from "./account-under-fire.js";
import { rowsOf } from "./views-under-fire.js";

const [directory = "", version = "", mended = "", seed = ""] = process.argv.slice(2);
const random = randomFrom(Number(seed));
const rows = rowsOf(Number(version), mended === "true");
const runtime = await openRuntime({
  directory,
  aggregates: [Account],
  projections: [rows],
  freeBytesMin: 0,
});
process.stdout.write("open\n");

async function caller(): Promise<never> {
  for (;;) {
    const entity = `account-${Math.floor(random() * 40)}`;
    const cents = Math.ceil(random() * 100);
    await runtime.ask(Account, entity, { type: "Deposit", data: { cents } });
  }
}

/** What an operator may do; much of it is refused as things stand. */
async function operator(): Promise<never> {
  const { operations } = runtime;
  for (;;) {
    const dice = random();
    const done =
      dice < 0.3
        ? operations.rebuild(rows)
        : dice < 0.45
          ? operations.rollback(rows)
          : dice < 0.55
            ? operations.pause(rows).then(() => operations.resume(rows))
            : dice < 0.65
              ? operations.dropRetired(rows)
              : dice < 0.85 && mended === "true"
                ? operations.replayParked(rows).then(() => undefined)
                : operations.rebuildKey(rows, `account-${Math.floor(random() * 40)}`);
    await done.catch((error: unknown) => {
      const { code } = error as { code?: string };
      if (code !== "operation-refused" && code !== "handler-failed") throw error;
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

await Promise.all([operator(), ...Array.from({ length: 16 }, caller)]);
