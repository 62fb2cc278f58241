import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { backupStore, exportStore, importStore, openRuntime, remote, type Runtime } from "tidemark";
import { nats } from "tidemark/nats";
import { NatsServer, scanForPlainText } from "tidemark/testing";
import { temporaryDirectory } from "../support/directories.js";
import { until } from "../support/until.js";
import { alerted, echo, failing, letters, watchers, welcome } from "./everything.js";
import { ANN, NEEDLES, privacy, users, userView } from "./people.js";

const opened: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

const parts = {
  aggregates: [users, letters],
  sagas: [welcome],
  ruleSets: [watchers],
  projections: [userView, failing, alerted],
  reactors: [echo],
  privacy,
};

async function openHere(directory: string, server: NatsServer): Promise<Runtime> {
  const messaging = nats({ prefix: "p", servers: server.url });
  const runtime = await openRuntime({
    ...parts,
    directory,
    freeBytesMin: 0,
    messaging,
    service: "here",
  });
  opened.push(runtime);
  return runtime;
}

/** Another service, without keys, that records what it hears. */
async function openThere(directory: string, server: NatsServer): Promise<Runtime> {
  const runtime = await openRuntime({
    directory,
    freeBytesMin: 0,
    aggregates: [],
    remotes: [remote(users)],
    messaging: nats({ prefix: "p", servers: server.url }),
    service: "there",
  });
  opened.push(runtime);
  return runtime;
}

async function live(runtime: Runtime): Promise<void> {
  const registered = await runtime.ask(users, "u1", { type: "Register", data: ANN });
  expect(registered.status).toBe("accepted");
  await runtime.ask(users, "u1", { type: "Greet" });
  // An e-mail address that is taken is told by a hash.
  const taken = await runtime.ask(users, "u2", { type: "Register", data: ANN });
  expect(taken).toMatchObject({ status: "rejected", code: "email-taken" });
  await until(() => runtime.operations.parked(failing).length > 0);
  await until(() => [...runtime.history(letters, "u1")].length > 0);
  await until(() => [...runtime.history(letters, "echo-u1")].length > 0);
  await until(() => [...runtime.events({ filter: { eventTypes: ["Suspicion"] } })].length > 0);
  await until(() => runtime.sagas.instance(welcome, "u1")?.state === "printing");
  for (const view of [userView, alerted]) await runtime.operations.refresh(view);
}

describe("A service that keeps copies in every way there is", () => {
  test("shows a forgotten subject nowhere, and never wrote one of its values in plain text", async () => {
    const place = temporaryDirectory();
    const [here, there] = [join(place, "here"), join(place, "there")];
    const server = await NatsServer.start();
    opened.push({ close: () => server.remove() });
    let runtime = await openHere(here, server);
    const other = await openThere(there, server);
    await live(runtime);
    await until(() => [...other.history(users, "u1")].length === 2);
    mkdirSync(join(place, "backups"));
    await backupStore(here, join(place, "backups", "before"));

    await expectExported(here, place);

    const text = JSON.stringify([...other.events()]);
    expect(text).toContain("[erased]");
    expect(text).not.toContain("Quillfeather");
    const [parked] = runtime.operations.parked(failing);
    expect(parked?.error).toBe(`can't handle ${ANN.name} <${ANN.email}>`);
    expect(await runtime.view(alerted).get("s-u1")).toEqual({
      text: `${ANN.email} of ${ANN.street}`,
    });

    const report = await runtime.privacy.forget("u1", { by: "clerk" });
    expect(report).toMatchObject({
      events: {
        user: { Registered: 1, Greeted: 1 },
        letter: { LetterSent: 2 },
        watchers: { Suspicion: 1 },
      },
      documents: { users: 1, alerted: 3 },
      parked: 1,
      outbox: 1,
    });
    expect(report.events["welcome"]?.["saga.stepped"]).toBeGreaterThan(1);
    await expectNothingShown(runtime);
    await runtime.close();
    runtime = await openHere(here, server);
    await expectNothingShown(runtime);
    await runtime.operations.rebuild(alerted);
    await runtime.operations.rebuilt(alerted);
    await expectNothingShown(runtime);
    await runtime.close();
    await other.close();

    // The control: what is there is found.
    const planted = scanForPlainText(Buffer.from(`x${ANN.email}y`), NEEDLES);
    expect(planted).toMatchObject([{ needle: ANN.email, offset: 1, encoding: "utf-8" }]);
    expect(scanForPlainText(place, NEEDLES)).toEqual([]);
    expect(scanForPlainText(server.directory, NEEDLES)).toEqual([]);
    expect(scanForPlainText(place, ["SubjectForgotten", "Welcome"])).not.toEqual([]);
  });
});

/** As ciphertext: with the keys beside it what was imported reads as it did. */
async function expectExported(here: string, place: string): Promise<void> {
  const file = join(place, "backups", "all.ndjson");
  await exportStore(here, file);
  const imported = join(place, "imported");
  await importStore(file, imported);
  cpSync(join(here, "keys"), join(imported, "keys"), { recursive: true });
  const copy = await openRuntime({
    directory: imported,
    freeBytesMin: 0,
    aggregates: [users, letters],
    privacy,
  });
  expect((await copy.state(users, "u1")).state).toMatchObject({ name: ANN.name, born: ANN.born });
  await copy.close();
}

async function expectNothingShown(runtime: Runtime): Promise<void> {
  const shown = [
    [...runtime.events()],
    [...runtime.history(users, "u1")],
    await runtime.state(users, "u1"),
    await runtime.state(users, "u1", { at: { version: 1 } }),
    await runtime.state(letters, "u1"),
    await runtime.view(userView).list(),
    await runtime.view(alerted).list(),
    (await runtime.viewAt(userView, { position: runtime.head })).collections.users.list(),
    runtime.operations.parked(failing),
    runtime.sagas.instance(welcome, "u1"),
    runtime.rules.session(watchers, "u1"),
    runtime.status(),
    runtime.deadLetters(),
  ];
  expect(scanForPlainText(Buffer.from(JSON.stringify(shown)), NEEDLES)).toEqual([]);
  expect(JSON.stringify(shown)).toContain("[erased]");
}
