/**
 * A service in a process of its own, with one way of taking snapshots: records what the visitor does, and kills itself with SIGKILL
 * as soon as the last command is answered.
 *
 * `node dist/examples/time-travel/visits-process.js DIRECTORY POLICY`
 */
import { openRuntime } from "tidemark";
import { ManualClock } from "tidemark/testing";
import { EVENTS, ORDER_AT, STEP_MS, visitorWith, type PolicyName } from "./visitors.js";

const [directory = "", policy = ""] = process.argv.slice(2);

const Visitor = visitorWith(policy as PolicyName);
const clock = new ManualClock();
const runtime = await openRuntime({ directory, aggregates: [Visitor], clock });
for (let n = 1; n <= EVENTS; n++) {
  await runtime.ask(Visitor, "ada", { type: n === ORDER_AT ? "Order" : "Visit" });
  clock.setWall(clock.nowMs() + STEP_MS);
}
process.kill(process.pid, "SIGKILL");
