/**
 * The service in a process of its own, so that it can be killed: creates users, many at a time, and writes down each answer once
 * it has it.
 *
 * `node dist/examples/users/users-process.js DIRECTORY PEOPLE ADDRESSES`
 */
import { openRuntime } from "tidemark";
import { create, signUps } from "./traffic.js";
import { User } from "./user.js";

const AT_ONCE = 50;

const [directory = "", people = "0", addresses = "0"] = process.argv.slice(2);

const runtime = await openRuntime({ directory, aggregates: [User], askTimeoutMs: 60_000 });
const waiting = signUps({ people: Number(people), addresses: Number(addresses) });
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const answer = await create(runtime, next);
      console.log(`${answer.status} ${next.userId}`);
    }
  }),
);
await runtime.close();
