import { trace } from "@opentelemetry/api";
import { AlwaysOffSampler } from "@opentelemetry/sdk-trace-base";
import { inProcessHub, reactor, type Runtime, type RuntimeOptions } from "tidemark";
import { nats } from "tidemark/nats";
import { openTelemetry } from "tidemark/telemetry";
import { MemoryDirectory, NatsServer, openMemoryRuntime } from "tidemark/testing";
import { afterEach, describe, expect, it } from "vitest";
import { Account, accountWith, deposit } from "../support/account.js";
import { balancesOf } from "../support/balances.js";
import { Billing, Invoice, Order, Orders } from "../support/traced-shop.js";
import { RecordedTraces, withContextManager } from "../support/tracing.js";
import { until } from "../support/until.js";

const opened: Runtime[] = [];
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const runtime of opened.splice(0).reverse()) await runtime.close();
  for (const close of closing.splice(0)) await close();
});

async function open(options: RuntimeOptions, directory = new MemoryDirectory()): Promise<Runtime> {
  const runtime = await openMemoryRuntime({ ...options, directory });
  opened.push(runtime);
  return runtime;
}

const place = { type: "Place", data: { note: "n" } } as const;

describe("traces", () => {
  it("are one from a message over NATS to the command that a saga sends back for it", async () => {
    const server = await NatsServer.start();
    closing.push(() => server.remove());
    const messaging = () => nats({ servers: server.url, prefix: "shop" });
    const traces = new RecordedTraces();
    const { telemetry } = traces;
    const billing = await open(
      { aggregates: [Invoice], messaging: messaging(), telemetry, service: "billing" },
      new MemoryDirectory("00000000-0000-4000-8000-000000000001"),
    );
    const shop = await open({
      ...{ aggregates: [Order], sagas: [Billing], projections: [Orders], telemetry },
      ...{ messaging: messaging(), service: "shop" },
    });
    await billing.remote(Order).ask("o-1", place);
    await shop.sagas.idle();
    await shop.view(Orders).get("o-1", { fresh: true });
    const command = "send order > process order > order Place > commit";
    const bill = `${command} > step billing > commit > send invoice > process invoice`;
    const expected = [
      "send order",
      "send order > process order",
      "send order > process order > order Place",
      command,
      `${command} > handle orders`,
      `${command} > publish order`,
      `${command} > step billing`,
      `${command} > step billing > commit`,
      `${command} > step billing > commit > send invoice`,
      bill,
      `${bill} > invoice Bill`,
      `${bill} > invoice Bill > commit`,
      `${bill} > invoice Bill > commit > publish invoice`,
      // The answer comes back to the instance.
      `${command} > step billing > commit > step billing`,
      `${command} > step billing > commit > step billing > commit`,
    ].sort();
    // What is published is acknowledged whenever the log gets to it.
    await until(() => traces.spans().length >= expected.length);
    expect(traces.paths()).toEqual(expected);
    expect(traces.traceIds()).toHaveLength(1);
  });

  it("go on from events and commands of an earlier life, after a close and reopen", async () => {
    const traces = new RecordedTraces();
    const { telemetry } = traces;
    const directory = new MemoryDirectory();
    const first = await open({ aggregates: [Account], telemetry }, directory);
    await first.ask(Account, "a", deposit(1));
    await first.close();
    const balances = balancesOf(1);
    const again = await open(
      { aggregates: [Account], projections: [balances], telemetry },
      directory,
    );
    await again.view(balances).get("a", { fresh: true });
    expect(traces.paths()).toContain("account Deposit > commit > handle balances");
    expect(traces.traceIds()).toHaveLength(1);
  });

  it("follow commands of reactors, with no context manager", async () => {
    const traces = new RecordedTraces();
    const Bonus = accountWith({ name: "bonus" });
    const giveBonus = reactor({
      name: "bonus-giver",
      from: [Account],
      on: {
        Deposited: async (event, { ask }) => {
          await ask(Bonus, event.entityId, deposit(1));
        },
      },
    });
    const runtime = await open({
      ...{ aggregates: [Account, Bonus], reactors: [giveBonus], telemetry: traces.telemetry },
    });
    await runtime.ask(Account, "a", deposit(1));
    await runtime.operations.refresh(giveBonus);
    const path = "account Deposit > commit > handle bonus-giver > bonus Deposit > commit";
    expect(traces.paths()).toContain(path);
    expect(traces.traceIds()).toHaveLength(1);
  });

  it("go on from where the caller is, and from headers that say so", async () => {
    const traces = new RecordedTraces();
    const runtime = await open({ aggregates: [Account], telemetry: traces.telemetry });
    await withContextManager(async () => {
      const tracer = traces.provider.getTracer("test");
      await tracer.startActiveSpan("GET /pay", async (span) => {
        await runtime.ask(Account, "a", deposit(1));
        span.end();
      });
    });
    expect(traces.paths()).toContain("GET /pay > account Deposit > commit");
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
    const headers = { traceparent, tracestate: "v=1", tenant: "t" };
    const answer = await runtime.ask(Account, "b", deposit(1), { headers });
    expect(traces.traceIds()).toContain(traceId);
    const commit = traces.spans().at(-2)!;
    expect(commit).toMatchObject({ name: "commit" });
    expect(answer).toMatchObject({
      events: [
        {
          headers: {
            ...{ tenant: "t", tracestate: "v=1" },
            traceparent: `00-${traceId}-${commit.spanContext().spanId}-01`,
          },
        },
      ],
    });
  });

  it("that aren't sampled leave nothing in events, nor begin again with what a command leads to", async () => {
    const traces = new RecordedTraces(new AlwaysOffSampler());
    const hub = inProcessHub();
    const { telemetry } = traces;
    const balances = balancesOf(1);
    const runtime = await open({
      ...{ aggregates: [Account], projections: [balances], telemetry, messaging: hub },
    });
    const answer = await runtime.ask(Account, "a", deposit(1));
    expect(answer).toMatchObject({ events: [{ headers: undefined }] });
    const given = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00" };
    const told = await runtime.ask(Account, "a", deposit(1), { headers: given });
    expect(told).toMatchObject({ events: [{ headers: given }] });
    await runtime.view(balances).get("a", { fresh: true });
    expect(traces.spans()).toEqual([]);
  });

  it("that begin here are a share of all, where one is given; those of others go on all the same", async () => {
    const traces = new RecordedTraces();
    const tracer = openTelemetry({ provider: traces.provider, rootRatio: 0 });
    const runtime = await open({ aggregates: [Account], telemetry: { tracer } });
    await runtime.ask(Account, "a", deposit(1));
    expect(traces.spans()).toEqual([]);
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await runtime.ask(Account, "a", deposit(1), { headers: { traceparent } });
    expect(traces.paths()).toEqual(["account Deposit", "account Deposit > commit"]);
    for (const rootRatio of [-0.1, 1.1, Number.NaN])
      expect(() => openTelemetry({ rootRatio })).toThrow("rootRatio");
  });

  it("tell refusals and failures by their codes", async () => {
    const traces = new RecordedTraces();
    const runtime = await open({ aggregates: [Account], telemetry: traces.telemetry });
    await runtime.ask(Account, "a", { type: "Withdraw", data: { cents: 5 } });
    await runtime.ask(Account, "a", deposit(1), { expectedVersion: 7 }).catch(() => undefined);
    const [refused, failed] = traces.spans();
    expect(refused).toMatchObject({
      attributes: { "tidemark.outcome": "rejected", "tidemark.code": "insufficient-funds" },
      status: { code: 0 },
    });
    expect(failed).toMatchObject({
      attributes: { "tidemark.outcome": "failed", "error.type": "version-conflict" },
      status: { code: 2, message: "version-conflict" },
    });
  });

  it("cost no command its answer where headers leave no room, or the tracer throws", async () => {
    const traces = new RecordedTraces();
    const limits = { metadataBytesMax: 200 };
    const runtime = await open({ aggregates: [Account], telemetry: traces.telemetry, limits });
    const headers = { note: "x".repeat(150) };
    expect(await runtime.ask(Account, "a", deposit(1), { headers })).toMatchObject({
      events: [{ headers }],
    });
    const fail = () => {
      throw new Error("no");
    };
    const other = await open({
      aggregates: [Account],
      telemetry: { tracer: { active: fail, start: fail } },
    });
    expect(await other.ask(Account, "a", deposit(1))).toMatchObject({ status: "accepted" });
  });

  it("need no SDK: with the API alone nothing is recorded, and headers travel as given", async () => {
    trace.disable();
    const { openTelemetry } = await import("tidemark/telemetry");
    const runtime = await open({ aggregates: [Account], telemetry: { tracer: openTelemetry() } });
    const headers = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
    expect(await runtime.ask(Account, "a", deposit(1), { headers })).toMatchObject({
      events: [{ headers }],
    });
  });
});
