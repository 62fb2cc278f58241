/**
 * A service that is killed: takes commands from 64 callers at a time and tells each acknowledged one to its parent, who
 * outlives it. Usage: node writer-child.js DIRECTORY ROUND SEED
 */
import { openRuntime } from "tidemark";
import { Account, balances, ENTITIES } from "./account-under-fire.js";
import { randomFrom } from "../support/random.js";
import { tell } from "../../src/maintenance/tell.js";

const [directory = "", round = "", seed = ""] = process.argv.slice(2);
const CALLERS = 64;

const random = randomFrom(Number(seed));
const runtime = await openRuntime({
  directory,
  aggregates: [Account],
  projections: [balances],
  activationsMax: 50,
  freeBytesMin: 0,
});

let sent = 0;
async function caller(): Promise<never> {
  for (;;) {
    const entity = `account-${Math.floor(random() * ENTITIES)}`;
    const commandId = `${round}-${sent++}`;
    const type = random() < 0.2 ? "DepositTwice" : "Deposit";
    const cents = Math.ceil(random() * 100);
    const answer = await runtime.ask(Account, entity, { type, data: { cents } }, { commandId });
    if (answer.status !== "accepted") throw new Error(`rejected: ${answer.code}`);
    // Synchronous: when the line is out, the acknowledgement was given before the kill.
    tell([commandId, entity, answer.version, answer.position, answer.events.length]);
  }
}

await Promise.all(Array.from({ length: CALLERS }, caller));
