import { Counter, Registry, type OpenMetricsContentType } from "prom-client";
import { openMemoryRuntime } from "tidemark/testing";
import { prometheus } from "tidemark/telemetry";
import { afterEach, describe, expect, it } from "vitest";
import type { Runtime } from "tidemark";
import { Account, deposit, withdraw } from "../support/account.js";
import { balancesOf } from "../support/balances.js";
import { Purse, Transfer, TransferOrder } from "../support/transfers.js";

const opened: Runtime[] = [];
afterEach(async () => {
  for (const runtime of opened.splice(0)) await runtime.close();
});

async function bank(): Promise<Runtime> {
  const runtime = await openMemoryRuntime({ aggregates: [Account], projections: [balancesOf(1)] });
  opened.push(runtime);
  return runtime;
}

/** The value of a line of the page; its labels in any order. */
function valueOf(body: string, name: string, labels: Record<string, string> = {}): number {
  const lines = body.split("\n").filter((line) => /^[a-z]/.test(line));
  const line = lines.find(
    (each) =>
      each.replace(/[{ ].*/, "") === name &&
      Object.entries(labels).every(([label, value]) => each.includes(`${label}="${value}"`)),
  );
  return line === undefined ? NaN : Number(line.slice(line.lastIndexOf(" ") + 1));
}

describe("metrics for Prometheus", () => {
  it("tell commands, readers and the journal as they stand when the page is asked for", async () => {
    const runtime = await bank();
    const page = prometheus(runtime);
    await runtime.ask(Account, "a", deposit(5), { commandId: "c" });
    await runtime.ask(Account, "a", deposit(5), { commandId: "c" });
    await runtime.ask(Account, "a", withdraw(50));
    await runtime.query(balancesOf(1), () => undefined, { fresh: true }).catch(() => undefined);
    const { contentType, body } = await page();
    expect(contentType).toContain("text/plain");
    const account = { aggregate: "account", kind: "aggregate" };
    const commands = (outcome: string) =>
      valueOf(body, "tidemark_commands_total", { ...account, outcome });
    expect(["accepted", "duplicate", "rejected", "failed"].map(commands)).toEqual([1, 1, 1, 0]);
    const code = "insufficient-funds";
    expect(valueOf(body, "tidemark_commands_rejected_total", { ...account, code })).toBe(1);
    expect(valueOf(body, "tidemark_events_recorded_total", { type: "Deposited" })).toBe(1);
    expect(valueOf(body, "tidemark_journal_head_position")).toBe(1);
    expect(valueOf(body, "tidemark_command_seconds_count", account)).toBe(3);
    expect(valueOf(body, "tidemark_command_seconds_bucket", { ...account, le: "+Inf" })).toBe(3);
    expect(valueOf(body, "tidemark_journal_group_commits_bucket", { le: "1" })).toBe(1);
    expect(valueOf(body, "tidemark_journal_group_commits_sum")).toBe(1);
    const reader = { reader: "balances", kind: "projection" };
    expect(valueOf(body, "tidemark_reader_running", reader)).toBe(1);
    expect(body).toContain("# TYPE tidemark_command_seconds histogram");
    expect(body).toContain("# TYPE tidemark_commands_total counter");
    await runtime.ask(Account, "b", deposit(5));
    expect(valueOf((await page()).body, "tidemark_journal_head_position")).toBe(2);
  });

  it("count steps, timers and delivered commands of sagas", async () => {
    const runtime = await openMemoryRuntime({
      aggregates: [Purse, TransferOrder],
      sagas: [Transfer],
    });
    opened.push(runtime);
    await runtime.ask(Purse, "x", { type: "Deposit", data: { cents: 10 } });
    const order = { from: "x", to: "y", cents: 4 };
    await runtime.ask(TransferOrder, "o", { type: "Request", data: order });
    await runtime.sagas.idle();
    const { body } = await prometheus(runtime)();
    const purse = { owner: "sagas", aggregate: "purse" };
    expect(valueOf(body, "tidemark_outbox_delivered_total", purse)).toBe(2);
    const steps = { aggregate: "transfer", kind: "saga", type: "saga.stepped" };
    expect(valueOf(body, "tidemark_events_recorded_total", steps)).toBeGreaterThanOrEqual(3);
    expect(
      valueOf(body, "tidemark_reader_events_total", { reader: "transfer", kind: "saga" }),
    ).toBe(1);
    expect(valueOf(body, "tidemark_saga_instances", { saga: "transfer" })).toBe(1);
    expect(runtime.status().commands.recent.samples).toBe(4);
  });

  it("of several runtimes stand in one registry under their labels, beside the service's own", async () => {
    const registry = new Registry();
    const [one, other] = [await bank(), await bank()];
    const own = new Counter({ name: "tea_total", help: "Cups.", registers: [registry] });
    own.inc();
    prometheus(one, { registry, prefix: "shop_", labels: { store: "one" } });
    const page = prometheus(other, { registry, prefix: "shop_", labels: { store: "other" } });
    await other.ask(Account, "a", deposit(1));
    const { body } = await page();
    const head = (store: string) => valueOf(body, "shop_tidemark_journal_head_position", { store });
    expect([head("one"), head("other")]).toEqual([0, 1]);
    expect(valueOf(body, "tea_total")).toBe(1);
    expect(body.match(/# TYPE shop_tidemark_journal_head_position/g)).toHaveLength(1);
  });

  it("come in the format of OpenMetrics where the registry is set to it", async () => {
    const registry = new Registry<OpenMetricsContentType>();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    const runtime = await bank();
    const page = prometheus(runtime, { registry });
    await runtime.ask(Account, "a", deposit(1));
    for (const { contentType, body } of [await page(), await page()]) {
      expect(contentType).toContain("openmetrics");
      expect(body).toContain("# TYPE tidemark_commands counter");
      expect(valueOf(body, "tidemark_commands_total", { outcome: "accepted" })).toBe(1);
      expect(body.trimEnd().endsWith("# EOF")).toBe(true);
    }
  });

  it("have labels of definitions only, however many entities there are", async () => {
    const runtime = await bank();
    const count = () => runtime.metrics().reduce((sum, { samples }) => sum + samples.length, 0);
    await runtime.ask(Account, "first", deposit(1));
    const before = count();
    for (let n = 0; n < 50; n++) await runtime.ask(Account, `entity-${n}`, deposit(1));
    expect(count()).toBe(before);
    for (const { labels, samples } of runtime.metrics())
      for (const sample of samples)
        expect([...labels, "le"]).toEqual(expect.arrayContaining(Object.keys(sample.labels)));
  });
});
