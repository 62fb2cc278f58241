/**
 * Welcome mails: one for each user, after the read model shows them, whatever is killed, rebuilt or refused on the way.
 *
 * `node dist/examples/welcome/main.js` · `--users N` · `--directory DIR` (a new one, kept) · `--ci`
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { MailProvider } from "./mail-provider.js";
import { mailsAreOut, openService, type Service } from "./service.js";
import { isProper, signUp, signUpAll } from "./sign-ups.js";
import { User } from "./user.js";
import { standingOf, usersView } from "./users-view.js";
import type { Moment } from "./welcome-mail.js";

const { values } = parseArgs({
  options: {
    directory: { type: "string" },
    users: { type: "string" },
    ci: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  const directory = values.directory ?? mkdtempSync(join(tmpdir(), "tidemark-welcome-"));
  const count = Number(values.users ?? (values.ci ? 60 : 600));
  try {
    await crashes(directory, count);
    await refusals(directory, count);
    await replays(directory);
    await waiting(directory);
    checkOneMailEach(directory, count);
  } finally {
    if (values.directory === undefined) rmSync(directory, { recursive: true, force: true });
  }
}

const mailbox = (directory: string) => new MailProvider(join(directory, "mails.ndjson"));
const hasMail = (provider: MailProvider, n: number) =>
  provider.sent.some(({ to }) => to === signUp(n).email);

/** Killed between the commit and the mail, and between the mail and the note that it went out. */
async function crashes(directory: string, count: number): Promise<void> {
  const [first, second] = [Math.floor(count / 30) * 10, Math.floor(count / 30) * 20];
  assert.equal(await signUpsEnd(directory, count, "before-send", first), "SIGKILL");
  assert(!hasMail(mailbox(directory), first));
  console.log(`Killed after user-${first} was recorded, before their mail went out.`);

  assert.equal(await signUpsEnd(directory, count, "after-send", second), "SIGKILL");
  assert(hasMail(mailbox(directory), first) && hasMail(mailbox(directory), second));
  console.log(`Killed after the mail to user-${second} went out, before that was noted.`);

  assert.equal(await signUpsEnd(directory, count), 0);
  const { sent, requests, repetitions } = mailbox(directory);
  assert(repetitions > 0, "the mail that wasn't noted was asked for again");
  console.log(`In the end ${requests} requests: ${sent.length} mails, ${repetitions} repeated.`);
}

/** How the process of the service ends. */
function signUpsEnd(
  directory: string,
  count: number,
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

/** Who was refused has no mail. */
async function refusals(directory: string, count: number): Promise<void> {
  await withService(directory, async (service) => {
    const before = service.provider.requests;
    const refused = await signUpAll(service, count);
    await mailsAreOut(service);
    assert.equal(service.provider.requests, before);
    const numbers = Array.from({ length: count }, (_, n) => n);
    assert.equal(refused, numbers.filter((n) => !isProper(n)).length);
    console.log(`Refused: ${refused}. All asked again: no mail.`);
  });
}

/** Neither a rebuild nor the loss of all views sends anything. */
async function replays(directory: string): Promise<void> {
  await withService(directory, async ({ runtime, provider }) => {
    const before = provider.requests;
    await runtime.operations.rebuild(usersView, { by: "ada", reason: "to see what happens" });
    const phase = () => runtime.status().projections["users"]?.rebuild?.phase;
    while (phase() !== "done") await new Promise((resolve) => setTimeout(resolve, 2));
    await mailsAreOut({ runtime, provider });
    assert.equal(provider.requests, before);
    console.log("View rebuilt: no mail.");
  });
  rmSync(join(directory, "views"), { recursive: true });
  await withService(directory, async (service) => {
    const before = service.provider.requests;
    await service.runtime.operations.refresh(usersView);
    await mailsAreOut(service);
    assert.equal(service.provider.requests, before);
    console.log("All views deleted, and built from the log: no mail.");
  });
}

/** While the view stands still nobody new is welcomed; a dry run tells whether they exist. */
async function waiting(directory: string): Promise<void> {
  await withService(directory, async (service) => {
    const { runtime, provider } = service;
    const late = { name: "Late", email: "late@example.org" };
    await runtime.operations.pause(usersView, { by: "ada", reason: "to look at what waits" });
    await runtime.ask(User, "late", { type: "Register", data: late });
    const before = { head: runtime.head, requests: provider.requests };
    const asked = {
      late: await standingOf(runtime, "late"),
      nobody: await standingOf(runtime, "x"),
    };
    assert.deepEqual(asked, { late: "not yet in the view", nobody: "does not exist" });
    assert.deepEqual({ head: runtime.head, requests: provider.requests }, before);
    assert((runtime.status().reactors["welcome-mail"]?.lagEvents ?? 0) > 0);
    console.log(`View paused: "late" is ${asked.late}, "x" ${asked.nobody}; no mail yet.`);

    await runtime.operations.resume(usersView, { by: "ada" });
    await mailsAreOut(service);
    assert.equal(await standingOf(runtime, "late"), "in the view");
    assert.equal(provider.requests, before.requests + 1);
    assert.equal(provider.sent.at(-1)?.to, late.email);
    console.log('View resumed: "late" is in the view, and has their mail.');
  });
}

/** One mail for everybody who signed up, and for nobody else. */
function checkOneMailEach(directory: string, count: number): void {
  const proper = Array.from({ length: count }, (_, n) => n).filter(isProper);
  const expected = [...proper.map((n) => signUp(n).email), "late@example.org"].sort();
  const sent = mailbox(directory).sent.map(({ to }) => to);
  assert.deepEqual(sent.sort(), expected);
  console.log(`\nOne mail each: ${sent.length} users, ${sent.length} mails.`);
}

await main();
