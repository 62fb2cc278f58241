/**
 * S3 users: an e-mail address and a user name that nobody else has, under concurrency, through a kill -9, with renames and
 * reservations.
 *
 * `node dist/examples/users/main.js` · `--size N` people at once, for a tenth as many addresses · `--full` · `--ci` · `--directory DIR`
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openRuntime, type Runtime } from "tidemark";
import { inTemporaryDirectory, ManualClock } from "tidemark/testing";
import { checkHolders } from "./expected.js";
import { killAmidCreations } from "./supervisor.js";
import { emailKey } from "./normalise.js";
import { create, signUp, signUps, type Size } from "./traffic.js";
import { count, lines } from "./report.js";
import { RESERVED_FOR_MS, User, type UserCommand } from "./user.js";
import { wrongWays } from "./wrong-ways.js";

const { values: flags } = parseArgs({
  options: {
    size: { type: "string" },
    full: { type: "boolean", default: false },
    ci: { type: "boolean", default: false },
    directory: { type: "string" },
  },
});

const people = Number(flags.size ?? (flags.full ? 10_000 : 1_000));
const size: Size = { people, addresses: people / 10 };
/** For the kill: more, so that there is a middle. */
const many: Size = {
  people: people * (flags.ci ? 2 : 20),
  addresses: people * (flags.ci ? 1 : 10),
};

const SOON = { type: "Reserve", data: { email: "Soon@Example.org" } } as const;

/** Time passes here only when told to. */
const clock = new ManualClock();

async function main(directory: string): Promise<void> {
  console.log(`${count(size.people)} people at once want ${count(size.addresses)} addresses`);
  await showWrongWays(join(directory, "wrong"));
  const users = join(directory, "users");
  const atOnce = await withUsers(users, createAtOnce);
  const renamed = await withUsers(users, renames);
  const spelled = await withUsers(users, spellings);
  await withUsers(users, reservation);
  const late = await withUsers(users, expiry);
  const killed = await kill(join(directory, "killed"));
  const outcome = {
    "accepted of all at once": { stated: size.addresses, found: atOnce["accepted"] },
    "rejected with email-taken": {
      stated: size.people - size.addresses,
      found: atOnce["email-taken"],
    },
    "rename to somebody's name": { stated: "user-name-taken", found: renamed.taken },
    "rename to a name that was given up": { stated: "accepted", found: renamed.freed },
    "other spellings of a taken address refused": { stated: 4, found: spelled },
    "address of a reservation, a day later": { stated: "accepted", found: late },
    "told yes before kill -9, and lost": { stated: 0, found: killed.lost },
    "users in the end": { stated: many.addresses, found: killed.users },
    "their addresses": { stated: many.addresses, found: killed.addresses },
  };
  console.table(outcome);
  for (const [what, { stated, found }] of Object.entries(outcome))
    assert.equal(found, stated, `not as stated: ${what}`);
}

async function showWrongWays(directory: string): Promise<void> {
  const { created, addresses, shown, parked } = await wrongWays(directory, size);
  assert(created > size.addresses, "a view can't keep them apart");
  assert.equal(addresses, size.addresses);
  assert.deepEqual({ shown, parked }, { shown: size.addresses, parked: created - size.addresses });
  console.log(
    lines([
      ["a view asked first", `${count(created)} accepted: ${count(created - addresses)} too many`],
      ["a unique index behind", `${count(shown)} shown, ${count(parked)} told yes and then parked`],
    ]),
  );
}

async function createAtOnce(runtime: Runtime): Promise<Readonly<Record<string, number>>> {
  const answers = await Promise.all(signUps(size).map((each) => create(runtime, each)));
  const codes = new Map<string, number>();
  for (const answer of answers) {
    const code = answer.status === "rejected" ? answer.code : "accepted";
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  assert.equal(checkHolders(runtime).emails.size, codes.get("accepted"));
  const [accepted = 0, refused = 0] = ["accepted", "email-taken"].map((code) => codes.get(code));
  const told = `${count(accepted)} accepted, ${count(refused)} rejected with email-taken`;
  console.log(lines([["a claim".padEnd(21), told]]));
  return Object.fromEntries(codes);
}

/** Opened again: whoever is renamed gives the old name back, and nobody else's is to be had. */
async function renames(runtime: Runtime): Promise<{ taken?: string; freed?: string }> {
  const { names } = checkHolders(runtime);
  assert.equal(names.size, size.addresses);
  console.log("\nOpened again: everybody has what they had");
  const [one, other, third] = [...names];
  assert(one && other && third);
  const [[ada, adas], [bob, bobs], [eve, eves]] = [one, other, third];
  const rows: [string, string][] = [];
  const rename = async (name: string, userId: string, to: string) => {
    const told = await ask(runtime, userId, { type: "Rename", data: { name: to } });
    rows.push([`${name} → ${to}`, told]);
    return told;
  };
  const taken = await rename(ada, adas, bob);
  assert.equal(await rename(ada, adas, "Owl"), "accepted");
  const freed = await rename(bob, bobs, ada);
  assert.equal(await rename(eve, eves, "OWL"), "user-name-taken");
  assert.equal(await rename(eve, eves, bob), "accepted");
  checkHolders(runtime);
  console.log(lines(rows));
  return { taken, freed };
}

/** However it is spelled, and whoever holds it. */
async function spellings(runtime: Runtime): Promise<number> {
  console.log("\nOne address, however it is spelled");
  const { email } = signUp(0, size);
  const spelled = [
    ["in capitals", email.toUpperCase()],
    ["ö as o and ¨", email.normalize("NFD")],
    ["domain in ASCII", email.replace("bücher", "xn--bcher-kva")],
    ["a full-width j", ` ${email}.`.replace("jörg", "ｊörg")],
  ] as const;
  let refused = 0;
  for (const [, each] of spelled)
    if ((await ask(runtime, "late", creation("late", each))) === "email-taken") refused += 1;
  const key = emailKey(email) ?? "";
  const holder = runtime.findClaim("email", key);
  assert(holder);
  const { entityId } = holder;
  console.log(lines(spelled.map(([what]) => [what, "email-taken"])));
  console.log(lines([["its key".padEnd(15), `${key}, held by ${entityId}`]]));
  assert.equal(await ask(runtime, "late", creation("late", "nobody")), "no-address");
  assert.equal(await ask(runtime, "late", creation("pаypal", "late@example.org")), "no-user-name");
  // Closing the account frees both.
  const { name } = (await runtime.state(User, entityId)).state;
  assert.equal(await ask(runtime, entityId, { type: "Close" }), "accepted");
  assert.equal(await ask(runtime, "late", creation(name?.text ?? "", email)), "accepted");
  console.log(lines([[`${entityId} closes`.padEnd(15), `late: accepted, as ${name?.text ?? ""}`]]));
  return refused;
}

async function reservation(runtime: Runtime): Promise<void> {
  console.log("\nA reservation frees itself");
  assert.equal(await ask(runtime, "dora", SOON), "accepted");
  assert.equal(await ask(runtime, "emil", creation("emil", "soon@example.org")), "email-taken");
  const holder = runtime.findClaim("email", "soon@example.org");
  assert.equal(holder?.expiresAtMs, clock.nowMs() + RESERVED_FOR_MS);
  console.log(lines([["dora reserves", "emil: email-taken"]]));
}

/** In another life of the service, a day later. */
async function expiry(runtime: Runtime): Promise<string> {
  await clock.advance(RESERVED_FOR_MS - 1);
  assert.equal(await ask(runtime, "emil", creation("emil", "soon@example.org")), "email-taken");
  await clock.advance(1);
  assert.equal(runtime.findClaim("email", "soon@example.org"), undefined);
  const told = await ask(runtime, "emil", creation("emil", "soon@example.org"));
  assert.equal(await ask(runtime, "dora", creation("dora", "soon@example.org")), "email-taken");
  checkHolders(runtime);
  console.log(lines([["a day later".padEnd(13), `emil: ${told}; dora, too late: email-taken`]]));
  return told;
}

/** No address twice, and nobody lost who was told that they have an account. */
async function kill(directory: string) {
  const { accepted, rejected } = await killAmidCreations(directory, many, many.people / 4);
  return withUsers(directory, async (runtime) => {
    const found = checkHolders(runtime).emails.size;
    const isThere = async (userId: string) =>
      (await runtime.state(User, userId)).state.status === "active";
    let lost = 0;
    for (const userId of accepted) if (!(await isThere(userId))) lost += 1;
    for (const userId of rejected) {
      const { email } = signUp(Number(userId.slice("user-".length)), many);
      assert(
        runtime.findClaim("email", emailKey(email) ?? ""),
        `${userId} was refused for nothing`,
      );
    }
    console.log(
      `\nKilled after ${count(accepted.length + rejected.length)} answers: ` +
        `${count(accepted.length)} accepted, ${lost} of them lost; ${count(found)} on disk, no address twice`,
    );
    return { lost, ...(await finish(runtime, new Set(accepted))) };
  });
}

/** Everybody sends their form again, and nothing happens twice. */
async function finish(runtime: Runtime, accepted: ReadonlySet<string>) {
  let repeated = 0;
  const waiting = signUps(many);
  for (let some = waiting.splice(0, 500); some.length > 0; some = waiting.splice(0, 500)) {
    const answers = await Promise.all(some.map((each) => create(runtime, each)));
    for (const [place, answer] of answers.entries()) {
      const isKnown = answer.status === "accepted" && answer.duplicate;
      if (isKnown) repeated += 1;
      assert(isKnown || !accepted.has(some[place]?.userId ?? ""));
    }
  }
  const { emails } = checkHolders(runtime);
  console.log(
    `All sent again: ${count(repeated)} answered from the journal; ` +
      `${count(new Set(emails.values()).size)} users have ${count(emails.size)} addresses`,
  );
  return { users: new Set(emails.values()).size, addresses: emails.size };
}

function creation(name: string, email: string): UserCommand {
  return { type: "Create", data: { name, email } };
}

/** The code of a refusal, or `accepted`. */
async function ask(runtime: Runtime, userId: string, command: UserCommand): Promise<string> {
  const answer = await runtime.ask(User, userId, command);
  return answer.status === "accepted" ? "accepted" : answer.code;
}

async function withUsers<T>(directory: string, use: (runtime: Runtime) => Promise<T>): Promise<T> {
  const runtime = await openRuntime({ directory, aggregates: [User], clock });
  try {
    return await use(runtime);
  } finally {
    await runtime.close();
  }
}

await (flags.directory === undefined ? inTemporaryDirectory(main) : main(flags.directory));
