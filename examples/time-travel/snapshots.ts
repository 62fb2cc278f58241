/** Each way of taking snapshots: a service is killed behind its last answer, and one counts what is folded to fetch the visitor. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openRuntime } from "tidemark";
import {
  EVENTS,
  ORDER_AT,
  policies,
  visitorWith,
  type PolicyName,
  type VisitorState,
} from "./visitors.js";

/** Events that are folded after the kill, where the newest snapshot is there. */
export const leftToFold: Readonly<Record<PolicyName, number>> = {
  never: EVENTS,
  "every 100 events": EVENTS % 100,
  // The first event, and then each that comes an hour after the last snapshot.
  "every hour": (EVENTS - 1) % 6,
  "on an order": EVENTS - ORDER_AT,
  // The order is no visit.
  "when 64 more": (EVENTS - 1) % 64,
  "every 10, before the reply": 0,
};

/** How many events were folded, by policy. */
export async function compareSnapshots(
  directory: string,
): Promise<(readonly [PolicyName, number])[]> {
  const found: (readonly [PolicyName, number])[] = [];
  for (const name of Object.keys(policies) as PolicyName[]) {
    const folder = join(directory, name.replaceAll(/\W+/g, "-"));
    await visitsEnd(folder, name);
    found.push([name, await foldedAtFetch(folder, name)]);
  }
  return found;
}

async function visitsEnd(directory: string, name: PolicyName): Promise<void> {
  const path = fileURLToPath(new URL("./visits-process.js", import.meta.url));
  const child = spawn(process.execPath, [path, directory, name], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(signal ?? code));
  });
  assert.equal(await ended, "SIGKILL");
}

async function foldedAtFetch(directory: string, name: PolicyName): Promise<number> {
  const Visitor = visitorWith(name);
  const runtime = await openRuntime({ directory, aggregates: [Visitor] });
  try {
    const tried = await runtime.dryRun(Visitor, "ada", { type: "Visit" });
    assert(tried.status === "accepted");
    const state: VisitorState = tried.state;
    assert.deepEqual(state, { visits: EVENTS });
    return runtime.status().actors.eventsFolded;
  } finally {
    await runtime.close();
  }
}
