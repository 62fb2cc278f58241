/** Starts the service, kills it with SIGKILL in the middle of creating users, and says what it had answered. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Size } from "./traffic.js";

/** Ids of users. */
export interface Answered {
  readonly accepted: readonly string[];
  readonly rejected: readonly string[];
}

/** @param answers - Kills it once so many have come; more may come until it is dead. */
export async function killAmidCreations(
  directory: string,
  { people, addresses }: Size,
  answers: number,
): Promise<Answered> {
  const path = fileURLToPath(new URL("./users-process.js", import.meta.url));
  const child = spawn(process.execPath, [path, directory, String(people), String(addresses)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (_code, signal) => resolve(signal));
  });
  const accepted: string[] = [];
  const rejected: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const [status, userId = ""] = line.split(" ");
    (status === "accepted" ? accepted : rejected).push(userId);
    if (accepted.length + rejected.length === answers) child.kill("SIGKILL");
  }
  assert.equal(await ended, "SIGKILL");
  return { accepted, rejected };
}
