/**
 * S13 welcome: one mail for each user, after the view shows them, whatever is killed, rebuilt or refused on the way.
 *
 * `node dist/examples/welcome/main.js` · `--size N` sign-ups · `--full` · `--ci` · `--directory DIR`
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { inTemporaryDirectory } from "tidemark/testing";
import { MailProvider } from "./mail-provider.js";
import { mailsAreOut, openService, type Service } from "./service.js";
import { isProper, signUp, signUpAll } from "./traffic.js";
import { User } from "./user.js";
import { standingOf, usersView } from "./users-view.js";
import type { Moment } from "./welcome-mail-reactor.js";

const { values: flags } = parseArgs({
  options: {
    size: { type: "string" },
    full: { type: "boolean", default: false },
    ci: { type: "boolean", default: false },
    directory: { type: "string" },
  },
});

const count = Number(flags.size ?? (flags.full ? 6_000 : flags.ci ? 60 : 600));

const LATE = { name: "Late", email: "late@example.org" };

async function main(directory: string): Promise<void> {
  const doubted = await crashes(directory);
  const afterRefusals = await refusals(directory);
  const afterReplays = await replays(directory);
  const whileWaiting = await waiting(directory);
  const expected = [...welcomed(), LATE.email].sort();
  const sent = mailbox(directory).sent.map(({ to }) => to);
  assert.deepEqual(sent.sort(), expected, "one mail for each who signed up, and for nobody else");
  console.log(`\nOne mail each: ${expected.length} users, ${sent.length} mails.`);
  const outcome = {
    "mails, one for each who signed up": { stated: expected.length, found: sent.length },
    "mails asked for again that had gone out": { stated: 1, found: doubted },
    "mails to those who were refused": { stated: 0, found: afterRefusals },
    "mails by a rebuild and by the loss of the views": { stated: 0, found: afterReplays },
    "mails while the view stood still": { stated: 0, found: whileWaiting },
  };
  console.table(outcome);
  for (const [what, { stated, found }] of Object.entries(outcome))
    assert.equal(found, stated, `not as stated: ${what}`);
}

const mailbox = (directory: string) => new MailProvider(join(directory, "mails.ndjson"));
const hasMail = (provider: MailProvider, n: number) =>
  provider.sent.some(({ to }) => to === signUp(n).email);

/**
 * Killed between the commit and the mail, and between the mail and the note that it went out.
 *
 * @returns How many mails were asked for again that had gone out.
 */
async function crashes(directory: string): Promise<number> {
  const [first, second] = [Math.floor(count / 30) * 10, Math.floor(count / 30) * 20];
  assert.equal(await signUpsEnd(directory, "before-send", first), "SIGKILL");
  assert(!hasMail(mailbox(directory), first));
  console.log(`Killed after user-${first} was recorded, before their mail went out.`);

  assert.equal(await signUpsEnd(directory, "after-send", second), "SIGKILL");
  assert(hasMail(mailbox(directory), first) && hasMail(mailbox(directory), second));
  console.log(`Killed after the mail to user-${second} went out, before that was noted.`);

  assert.equal(await signUpsEnd(directory), 0);
  const { sent, requests, repeated } = mailbox(directory);
  console.log(
    `In the end ${requests} requests: ${sent.length} mails, ${repeated.length} repeated.`,
  );
  return repeated.filter(({ to }) => to === signUp(second).email).length;
}

/** How the process of the service ends. */
function signUpsEnd(
  directory: string,
  moment?: Moment,
  n?: number,
): Promise<number | NodeJS.Signals | null> {
  const path = fileURLToPath(new URL("./sign-up-process.js", import.meta.url));
  const dying = moment === undefined || n === undefined ? [] : [moment, signUp(n).userId];
  const child = spawn(process.execPath, [path, directory, String(count), ...dying], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(signal ?? code));
  });
}

/** Opens the service, and closes it whatever happens. */
async function withService<T>(
  directory: string,
  use: (service: Service) => Promise<T>,
): Promise<T> {
  const service = await openService(directory);
  try {
    return await use(service);
  } finally {
    await service.runtime.close();
  }
}

/** Who was refused has no mail. @returns How many went out when everybody was asked again. */
async function refusals(directory: string): Promise<number> {
  return withService(directory, async (service) => {
    const before = service.provider.requests;
    const refused = await signUpAll(service, count);
    await mailsAreOut(service);
    assert.equal(refused, count - welcomed().length);
    const mails = service.provider.requests - before;
    console.log(`Refused: ${refused}. All asked again: ${mails || "no"} mail.`);
    return mails;
  });
}

/** Neither a rebuild nor the loss of all views sends anything. @returns How many mails they sent. */
async function replays(directory: string): Promise<number> {
  const before = mailbox(directory).requests;
  await withService(directory, async ({ runtime, provider }) => {
    await runtime.operations.rebuild(usersView, { by: "ada", reason: "to see what happens" });
    const phase = () => runtime.status().projections["users"]?.rebuild?.phase;
    while (phase() !== "done") await new Promise((resolve) => setTimeout(resolve, 2));
    await mailsAreOut({ runtime, provider });
    console.log(`View rebuilt: ${provider.requests - before || "no"} mail.`);
  });
  rmSync(join(directory, "views"), { recursive: true });
  return withService(directory, async (service) => {
    await service.runtime.operations.refresh(usersView);
    await mailsAreOut(service);
    const mails = service.provider.requests - before;
    console.log(`All views deleted, and built from the log: ${mails || "no"} mail.`);
    return mails;
  });
}

/** While the view stands still nobody new is welcomed; a dry run tells whether they exist. @returns Mails sent meanwhile. */
async function waiting(directory: string): Promise<number> {
  return withService(directory, async (service) => {
    const { runtime, provider } = service;
    await runtime.operations.pause(usersView, { by: "ada", reason: "to look at what waits" });
    await runtime.ask(User, "late", { type: "Register", data: LATE });
    const before = { head: runtime.head, requests: provider.requests };
    const asked = {
      late: await standingOf(runtime, "late"),
      nobody: await standingOf(runtime, "x"),
    };
    assert.deepEqual(asked, { late: "not yet in the view", nobody: "does not exist" });
    assert.equal(runtime.head, before.head);
    const meanwhile = provider.requests - before.requests;
    assert((runtime.status().reactors["welcome-mail"]?.lagEvents ?? 0) > 0);
    console.log(
      `View paused: "late" is ${asked.late}, "x" ${asked.nobody}; ${meanwhile || "no"} mail yet.`,
    );

    await runtime.operations.resume(usersView, { by: "ada" });
    await mailsAreOut(service);
    assert.equal(await standingOf(runtime, "late"), "in the view");
    assert.equal(provider.sent.at(-1)?.to, LATE.email);
    console.log('View resumed: "late" is in the view, and has their mail.');
    return meanwhile;
  });
}

/** Addresses of those who signed up properly. */
function welcomed(): readonly string[] {
  const proper = Array.from({ length: count }, (_, n) => n).filter(isProper);
  return proper.map((n) => signUp(n).email);
}

await (flags.directory === undefined ? inTemporaryDirectory(main) : main(flags.directory));
