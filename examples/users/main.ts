/**
 * Users: an e-mail address and a user name that nobody else has, under concurrency, through a kill -9, with renames and
 * reservations.
 *
 * `node dist/examples/users/main.js` · `--people N` · `--addresses N` · `--directory DIR`, an empty one · `--ci`
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openRuntime, type Runtime } from "tidemark";
import { ManualClock, inTemporaryDirectory } from "tidemark/testing";
import { checkHolders } from "./expected.js";
import { killAmidCreations } from "./killed-service.js";
import { emailKey } from "./normalise.js";
import { create, signUp, signUps, type Size } from "./sign-ups.js";
import { RESERVED_FOR_MS, User, type UserCommand } from "./user.js";
import { wrongWays } from "./wrong-ways.js";

const { values } = parseArgs({
  options: {
    directory: { type: "string" },
    people: { type: "string" },
    addresses: { type: "string" },
    ci: { type: "boolean", default: false },
  },
});

const size: Size = {
  people: Number(values.people ?? 1_000),
  addresses: Number(values.addresses ?? 100),
};
/** For the kill: more, so that there is a middle. */
const many: Size = values.ci
  ? { people: 2_000, addresses: 1_000 }
  : { people: 20_000, addresses: 10_000 };

const SOON = { type: "Reserve", data: { email: "Soon@Example.org" } } as const;

/** Time passes here only when told to. */
const clock = new ManualClock();

async function main(directory: string): Promise<void> {
  console.log(`${count(size.people)} people at once want ${count(size.addresses)} addresses`);
  await showWrongWays(join(directory, "wrong"));
  const users = join(directory, "users");
  await withUsers(users, createAtOnce);
  await withUsers(users, renames);
  await withUsers(users, spellings);
  await withUsers(users, reservation);
  await withUsers(users, expiry);
  await kill(join(directory, "killed"));
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

async function createAtOnce(runtime: Runtime): Promise<void> {
  const answers = await Promise.all(signUps(size).map((each) => create(runtime, each)));
  const codes = new Map<string, number>();
  for (const answer of answers) {
    const code = answer.status === "rejected" ? answer.code : "accepted";
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  const refused = size.people - size.addresses;
  assert.deepEqual(Object.fromEntries(codes), { accepted: size.addresses, "email-taken": refused });
  assert.equal(checkHolders(runtime).emails.size, size.addresses);
  const told = `${count(size.addresses)} accepted, ${count(refused)} rejected with email-taken`;
  console.log(lines([["a claim".padEnd(21), told]]));
}

/** Opened again: whoever is renamed gives the old name back, and nobody else's is to be had. */
async function renames(runtime: Runtime): Promise<void> {
  const { names } = checkHolders(runtime);
  assert.equal(names.size, size.addresses);
  console.log("\nOpened again: everybody has what they had");
  const [one, other, third] = [...names];
  assert(one && other && third);
  const [[ada, adas], [bob, bobs], [eve, eves]] = [one, other, third];
  const rows: [string, string][] = [];
  const rename = async (name: string, userId: string, to: string, expected: string) => {
    const told = await ask(runtime, userId, { type: "Rename", data: { name: to } });
    assert.equal(told, expected);
    rows.push([`${name} → ${to}`, told]);
  };
  await rename(ada, adas, bob, "user-name-taken");
  await rename(ada, adas, "Owl", "accepted");
  await rename(bob, bobs, ada, "accepted");
  await rename(eve, eves, "OWL", "user-name-taken");
  await rename(eve, eves, bob, "accepted");
  checkHolders(runtime);
  console.log(lines(rows));
}

/** However it is spelled, and whoever holds it. */
async function spellings(runtime: Runtime): Promise<void> {
  console.log("\nOne address, however it is spelled");
  const { email } = signUp(0, size);
  const spelled = [
    ["in capitals", email.toUpperCase()],
    ["ö as o and ¨", email.normalize("NFD")],
    ["domain in ASCII", email.replace("bücher", "xn--bcher-kva")],
    ["a full-width j", ` ${email}.`.replace("jörg", "ｊörg")],
  ] as const;
  for (const [, each] of spelled)
    assert.equal(await ask(runtime, "late", creation("late", each)), "email-taken", each);
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
async function expiry(runtime: Runtime): Promise<void> {
  await clock.advance(RESERVED_FOR_MS - 1);
  assert.equal(await ask(runtime, "emil", creation("emil", "soon@example.org")), "email-taken");
  await clock.advance(1);
  assert.equal(runtime.findClaim("email", "soon@example.org"), undefined);
  assert.equal(await ask(runtime, "emil", creation("emil", "soon@example.org")), "accepted");
  assert.equal(await ask(runtime, "dora", creation("dora", "soon@example.org")), "email-taken");
  checkHolders(runtime);
  console.log(lines([["a day later".padEnd(13), "emil: accepted; dora, too late: email-taken"]]));
}

/** No address twice, and nobody lost who was told that they have an account. */
async function kill(directory: string): Promise<void> {
  const answered = await killAmidCreations(directory, many, many.people / 4);
  const { accepted, rejected } = answered;
  await withUsers(directory, async (runtime) => {
    const found = checkHolders(runtime).emails.size;
    for (const userId of accepted)
      assert.equal((await runtime.state(User, userId)).state.status, "active", userId);
    for (const userId of rejected) {
      const { email } = signUp(Number(userId.slice("user-".length)), many);
      assert(
        runtime.findClaim("email", emailKey(email) ?? ""),
        `${userId} was refused for nothing`,
      );
    }
    console.log(
      `\nKilled after ${count(accepted.length + rejected.length)} answers: ` +
        `${count(accepted.length)} accepted, none of them lost; ${count(found)} on disk, no address twice`,
    );
    await finish(runtime, new Set(accepted));
  });
}

/** Everybody sends their form again, and nothing happens twice. */
async function finish(runtime: Runtime, accepted: ReadonlySet<string>): Promise<void> {
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
  assert.equal(emails.size, many.addresses);
  console.log(
    `All sent again: ${count(repeated)} answered from the journal; ` +
      `${count(emails.size)} users have ${count(many.addresses)} addresses`,
  );
}

function creation(name: string, email: string): UserCommand {
  return { type: "Create", data: { name, email } };
}

/** The code of a refusal, or `accepted`. */
async function ask(runtime: Runtime, userId: string, command: UserCommand): Promise<string> {
  const answer = await runtime.ask(User, userId, command);
  return answer.status === "accepted" ? "accepted" : answer.code;
}

async function withUsers(
  directory: string,
  use: (runtime: Runtime) => Promise<void>,
): Promise<void> {
  const runtime = await openRuntime({ directory, aggregates: [User], clock });
  try {
    await use(runtime);
  } finally {
    await runtime.close();
  }
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** Lines of a name and a text, the texts below one another. */
function lines(rows: readonly (readonly [name: string, text: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, text]) => `  ${name.padEnd(width)}${text}`).join("\n");
}

await (values.directory === undefined ? inTemporaryDirectory(main) : main(values.directory));
