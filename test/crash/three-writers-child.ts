/**
 * A writer that gets past the owner lock: it removes the lock of whoever has it, and its own. Appends to a stream that others
 * append to as well; when it is fenced it opens again. Prints what was acknowledged.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { hasCode } from "../../src/kernel/errors.js";
import { openAt } from "./crash-journal.js";
import { tell } from "../../src/maintenance/tell.js";

const [directory = "", writer = "", wanted = ""] = process.argv.slice(2);
let acknowledged = 0;
let fenced = 0;
while (acknowledged < Number(wanted)) {
  rmSync(join(directory, "owner.json"), { force: true });
  let journal;
  try {
    journal = await openAt(directory);
  } catch (error) {
    // The one whose lock was removed a moment too late, or who came in between.
    if (hasCode(error, "journal-owned")) continue;
    throw error;
  }
  rmSync(join(directory, "owner.json"), { force: true });
  try {
    while (acknowledged < Number(wanted)) {
      const data = { writer, n: acknowledged };
      const { position, events } = await journal.append({
        streams: [{ streamId: "s/shared", events: [{ type: "Written", data }] }],
      });
      tell([writer, acknowledged, position, events[0]?.version]);
      acknowledged += 1;
      // So that others come in between.
      await new Promise((resolve) => setImmediate(resolve));
    }
  } catch (error) {
    if (!hasCode(error, "writer-fenced") && !hasCode(error, "journal-poisoned")) throw error;
    fenced += 1;
  }
  await journal.close();
}
tell(["fenced", writer, fenced]);
