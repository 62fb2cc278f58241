import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import {
  collection,
  inProcessHub,
  openRuntime,
  projection,
  reactor,
  remote,
  type ForeignKeyOf,
  type Runtime,
  type RuntimeOptions,
  type Transport,
} from "tidemark";
import { nats } from "tidemark/nats";
import {
  ManualClock,
  MemoryDirectory,
  NatsServer,
  openMemoryRuntime,
  scanForPlainText,
} from "tidemark/testing";
import { temporaryDirectory } from "../support/directories.js";
import { until } from "../support/until.js";
import { letters, type LetterCommand, type LetterEvent } from "./everything.js";
import { ANN, NEEDLES, privacy, users } from "./people.js";

const opened: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

const postOffice = remote<LetterCommand, LetterEvent>("letter");

/** Sends another service a letter that repeats what it was told. */
const teller = reactor({
  name: "teller",
  from: [users],
  start: "beginning",
  on: {
    Greeted: async ({ entityId, data }: { entityId: string; data: { text: string } }, { ask }) => {
      await ask(postOffice, entityId, {
        type: "SendLetter",
        data: { to: "post office", text: data.text },
      });
    },
  },
});

const sent = projection({
  name: "sent",
  version: 1,
  from: [letters],
  collections: { sent: collection<{ readonly text: string }>() },
  on: {
    LetterSent: ({ entityId, data }, documents) =>
      documents.sent.put(entityId, { text: data.text }),
  },
});

const hereOptions = {
  service: "here",
  aggregates: [users],
  reactors: [teller],
  privacy,
} satisfies Partial<RuntimeOptions>;

const thereOptions = (foreignKeys: ForeignKeyOf | undefined, foreignKeyTtlMs: number) =>
  ({
    service: "there",
    aggregates: [letters],
    remotes: [remote(users)],
    projections: [sent],
    privacy: {
      masterKey: () => ({ id: "there", key: Buffer.alloc(32, 3) }),
      foreignKeyTtlMs,
      ...(foreignKeys === undefined ? {} : { foreignKeys }),
    },
  }) satisfies Partial<RuntimeOptions>;

const GREETING = `Dear ${ANN.name}, welcome!`;

/** What the other service shows of a letter and of what it has heard. */
async function shownBy(there: Runtime) {
  const letter = [...there.history(letters, "u1")].map(
    ({ data }) => (data as { text: string }).text,
  );
  const user = [...there.history(users, "u1")].map(
    ({ data }) =>
      (data as { name?: string; text?: string }).name ?? (data as { text: string }).text,
  );
  const document = await there.view(sent).get("u1", { fresh: true });
  return { letter, user, document: document?.text };
}

const PLAIN = { letter: [GREETING], user: [ANN.name, GREETING], document: GREETING };
const ERASED = { letter: ["[erased]"], user: ["[erased]", "[erased]"], document: "[erased]" };

async function liveOn(here: Runtime, there: Runtime): Promise<void> {
  await here.ask(users, "u1", { type: "Register", data: ANN });
  await here.ask(users, "u1", { type: "Greet" });
  await until(() => [...there.history(letters, "u1")].length === 1);
  await until(() => [...there.history(users, "u1")].length === 2);
}

describe("personal values that another service is told, in events and in commands, over NATS", () => {
  const openAt = async (directory: string, transport: Transport, options: object) => {
    const base = { aggregates: [], directory, freeBytesMin: 0, messaging: transport };
    const runtime = await openRuntime({ ...base, ...options });
    opened.push(runtime);
    return runtime;
  };

  it("are read with a key that it was given, and by nobody once they are forgotten here", async () => {
    const place = temporaryDirectory();
    const server = await NatsServer.start();
    opened.push({ close: () => server.remove() });
    const transport = () => nats({ prefix: "p", servers: server.url });
    const here = await openAt(join(place, "here"), transport(), hereOptions);
    const asked = new Set<string>();
    const foreignKeys: ForeignKeyOf = (_storeId, subject, keyId) => {
      asked.add(subject);
      return here.privacy.exportKey(subject, keyId);
    };
    const options = thereOptions(foreignKeys, 0);
    let there = await openAt(join(place, "there"), transport(), options);
    await liveOn(here, there);
    expect(await shownBy(there)).toEqual(PLAIN);
    expect([...asked]).toEqual(["u1"]);

    await here.privacy.forget("u1");
    expect(await shownBy(there)).toEqual(ERASED);
    await there.close();
    there = await openAt(join(place, "there"), transport(), options);
    expect(await shownBy(there)).toEqual(ERASED);
    expect((await there.state(letters, "u1")).state.last).toBe("[erased]");
    await there.close();
    await here.close();
    expect(scanForPlainText(place, NEEDLES)).toEqual([]);
    // What JetStream keeps of it, too, is ciphertext of a key that is gone.
    expect(scanForPlainText(server.directory, ["Registered"])).not.toEqual([]);
    expect(scanForPlainText(server.directory, NEEDLES)).toEqual([]);
  });

  it("are placeholders from the first where it was given no key, and stay so in what it records", async () => {
    const place = temporaryDirectory();
    const server = await NatsServer.start();
    opened.push({ close: () => server.remove() });
    const transport = () => nats({ prefix: "p", servers: server.url });
    const here = await openAt(join(place, "here"), transport(), hereOptions);
    const there = await openAt(join(place, "there"), transport(), thereOptions(undefined, 0));
    await liveOn(here, there);
    expect(await shownBy(there)).toEqual(ERASED);
    expect(scanForPlainText(join(place, "there"), NEEDLES)).toEqual([]);
  });
});

describe("keys of another service", () => {
  it("are asked for again after the time that they may be used, and not before", async () => {
    const hub = inProcessHub();
    const clock = new ManualClock();
    const storeOf = (n: number) => new MemoryDirectory(`00000000-0000-4000-8000-00000000000${n}`);
    const here = await openMemoryRuntime({
      ...hereOptions,
      directory: storeOf(1),
      messaging: hub,
    });
    opened.push(here);
    let asked = 0;
    const foreignKeys: ForeignKeyOf = (_storeId, subject, keyId) => {
      asked += 1;
      return here.privacy.exportKey(subject, keyId);
    };
    const options = thereOptions(foreignKeys, 60_000);
    const there = await openMemoryRuntime({
      ...options,
      directory: storeOf(2),
      clock,
      messaging: hub,
    });
    opened.push(there);
    await here.ask(users, "u1", { type: "Register", data: ANN });
    const heard = () => [...there.history(users, "u1")].map(({ data }) => data);
    await until(() => {
      void clock.advance(10);
      return heard().length === 1;
    });
    expect(heard()).toMatchObject([{ name: ANN.name }]);
    const before = asked;
    await here.privacy.forget("u1");
    expect(heard()).toMatchObject([{ name: ANN.name }]);
    expect(asked).toBe(before);
    await clock.advance(60_000);
    expect(heard()).toMatchObject([{ name: "[erased]", born: null }]);
    expect(asked).toBe(before + 1);
    // That there is none is known as long.
    expect(heard()).toMatchObject([{ name: "[erased]" }]);
    expect(asked).toBe(before + 1);
  });
});
