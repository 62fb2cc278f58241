/** Uses tenants in any order, more than may be open, and says what was answered, until it is killed. */
import { openTenants } from "tidemark";
import { randomFrom } from "../support/random.js";
import { Account } from "./account-under-fire.js";

const [directory = "", seed = "1"] = process.argv.slice(2);
const TENANTS = 8;
const random = randomFrom(Number(seed));
const tenants = await openTenants({
  directory,
  aggregates: [Account],
  openMax: 3,
  freeBytesMin: 0,
});
for (let n = 0; n < TENANTS; n++) tenants.create(`t${n}`);
console.log("open");

async function use(): Promise<void> {
  for (;;) {
    const id = `t${Math.floor(random() * TENANTS)}`;
    const answer = await tenants.use(id, (runtime) =>
      runtime.ask(Account, "a", { type: "Deposit", data: { cents: 1 } }),
    );
    if (answer.status === "accepted") console.log(`${id} ${answer.version}`);
  }
}
await Promise.all([use(), use(), use(), use()]);
