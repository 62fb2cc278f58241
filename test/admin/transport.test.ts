/** Operations over a transport: off unless the runtime says otherwise, and no more than it says; over a real NATS server, too. */
import { afterEach, beforeAll, afterAll, describe, expect, it } from "vitest";
import {
  connectAdmin,
  endpoint,
  inProcessHub,
  type AdminClient,
  type AdminOptions,
  type Transport,
} from "tidemark";
import { nats } from "tidemark/nats";
import { NatsServer, openMemoryRuntime } from "tidemark/testing";
import { office } from "../support/office.js";
import { Purse } from "../support/transfers.js";

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each.close();
});

let server: NatsServer;
beforeAll(async () => {
  server = await NatsServer.start();
});
afterAll(() => server.stop());

let prefixes = 0;
const transports: [string, () => () => Transport][] = [
  [
    "in process",
    () => {
      const hub = inProcessHub();
      return () => hub;
    },
  ],
  [
    "over NATS",
    () => {
      const prefix = `admin${++prefixes}`;
      return () => nats({ servers: server.url, prefix });
    },
  ],
];

describe.each(transports)("operations %s", (_, newTransport) => {
  async function serve(transport: () => Transport, service: string, admin: AdminOptions) {
    const runtime = await openMemoryRuntime({
      ...office,
      service,
      admin,
      messaging: transport(),
      expose: { events: [] },
    });
    closing.push(runtime);
    await runtime.ask(Purse, service, { type: "Deposit", data: { cents: 500 } });
    return runtime;
  }
  async function connect(transport: () => Transport, service: string): Promise<AdminClient> {
    const client = await connectAdmin({ transport: transport(), service });
    closing.push(client);
    return client;
  }

  it("aren't answered by default", async () => {
    const transport = newTransport();
    await serve(transport, "quiet", {});
    const client = await connect(transport, "quiet");
    await expect(client.call("info", {})).rejects.toMatchObject({ code: "no-responders" });
  });

  it("look, without payloads, and are told apart by service", async () => {
    const transport = newTransport();
    for (const name of ["shop", "bank"]) await serve(transport, name, { nats: "read" });
    for (const name of ["shop", "bank"]) {
      const client = await connect(transport, name);
      expect(await client.call("info", {})).toMatchObject({
        service: name,
        may: { change: false, payloads: false },
      });
      expect(await client.call("state", { stream: `purse/${name}` })).toEqual({
        stream: `purse/${name}`,
        kind: "aggregate",
        version: 1,
        hidden: true,
      });
      await expect(client.call("projection.pause", { name: "purses" })).rejects.toMatchObject({
        name: "AdminError",
        code: "operation-forbidden",
      });
    }
  });

  it("change and show payloads where the runtime says so, and are audited with who asked", async () => {
    const transport = newTransport();
    await serve(transport, "shop", { nats: "change", natsPayloads: true });
    const client = await connect(transport, "shop");
    await client.call("projection.pause", { name: "purses", reason: "a look" }, { by: "ann" });
    const { events } = await client.call("events", { stream: "purse/shop" });
    expect(events).toMatchObject([{ type: "Deposited", data: { cents: 500 } }]);
    expect((await client.call("audit", { limit: 2 })).entries[1]).toMatchObject({
      what: "projection.pause",
      via: "nats",
      by: "ann",
      outcome: "done",
    });
    await expect(client.call("events", { limit: 0 })).rejects.toMatchObject({
      code: "invalid-argument",
    });
  });

  it("are a name that an endpoint of the service can't take", async () => {
    const transport = newTransport();
    const taken = endpoint({ name: "admin-shop", answer: () => 1 });
    const opening = openMemoryRuntime({
      ...office,
      service: "shop",
      admin: { nats: "read" },
      messaging: transport(),
      endpoints: [taken],
    });
    await expect(opening).rejects.toMatchObject({ code: "invalid-argument" });
  });
});

it("a door that isn't one is refused before anything is opened", async () => {
  const opening = async () => openMemoryRuntime({ ...office, admin: { nats: "all" as never } });
  await expect(opening()).rejects.toMatchObject({
    code: "invalid-argument",
    argument: "admin.nats",
  });
});
