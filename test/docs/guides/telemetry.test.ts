import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { openMemoryRuntime } from "tidemark/testing";
import { describe, expect, it } from "vitest";
import { Account } from "../../../examples/guides/aggregates.js";
import { busyness, openObserved, serveMetrics } from "../../../examples/guides/telemetry.js";
import { temporaryDirectory } from "../../support/directories.js";

const guide = readFileSync("docs/guides/telemetry.md", "utf8");

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}

async function families() {
  const runtime = await openMemoryRuntime({ aggregates: [Account] });
  const found = runtime.metrics();
  await runtime.close();
  return found;
}

describe("the guide to telemetry", () => {
  it("opens with a tracer and a logger, and serves what the runtime counted", async () => {
    const runtime = await openObserved(temporaryDirectory(), pino({ level: "silent" }));
    const server = serveMetrics(runtime);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      await runtime.ask(Account, "ada", { type: "Deposit", data: { cents: 5 } });
      const { port } = server.address() as AddressInfo;
      const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
      const body = await answer.text();
      expect(answer.headers.get("content-type")).toContain("text/plain");
      expect(body).toContain(
        'tidemark_commands_total{service="accounts",aggregate="account",kind="aggregate",outcome="accepted"} 1',
      );
      expect(busyness(runtime)).toMatch(/^1 accepted and 0 refused a second, p99 [\d.]+ ms$/);
    } finally {
      server.close();
      await runtime.close();
    }
  });

  it("lists every metric with its type and labels, and no other", async () => {
    const rows = [...guide.matchAll(/^\| `(tidemark_\w+)` +\| (\w+) +\| (.*?) +\|/gm)];
    const listed = rows.map(([, name, type, labels]) => [name, type, labels]);
    const labelsOf = (labels: readonly string[]) => labels.map((each) => `\`${each}\``).join(", ");
    expect(listed).toEqual(
      (await families()).map(({ name, type, labels }) => [name, type, labelsOf(labels)]),
    );
  });
});

describe("the dashboard for Grafana", () => {
  const { panels } = JSON.parse(readFileSync("docs/telemetry/grafana.json", "utf8")) as Dashboard;
  const expressions = panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => [title, expr] as const),
  );

  it("has expressions", () => {
    expect(expressions.length).toBeGreaterThan(15);
  });

  it.each(expressions)("asks in %s for metrics and labels that are there: %s", async (_, expr) => {
    const known = await families();
    const names = [...expr.matchAll(/tidemark_\w+/g)].map(([name]) => name);
    expect(names.length).toBeGreaterThan(0);
    const labels = new Set(["le", "service"]);
    for (const name of names) {
      const family = known.find(
        (each) =>
          each.name === name ||
          (each.type === "histogram" && name.replace(/_(bucket|sum|count)$/, "") === each.name),
      );
      expect(family, name).toBeDefined();
      if (family?.type === "histogram") expect(name).toMatch(/_(bucket|sum|count)$/);
      // What only grows is asked for by its rate, and nothing else is.
      const isRated = new RegExp(`(rate|increase)\\(${name}[{[]`).test(expr);
      expect(isRated, name).toBe(family?.type !== "gauge");
      for (const label of family?.labels ?? []) labels.add(label);
    }
    const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = ""]) =>
      list.split(/, */),
    );
    const matched = [...expr.matchAll(/(\w+)(=|!=|=~|!~)"/g)].map(([, label = ""]) => label);
    expect([...labels]).toEqual(expect.arrayContaining([...grouped, ...matched]));
    const open = expr.match(/[([{]/g)?.length;
    expect(expr.match(/[)\]}]/g)?.length).toBe(open);
  });
});
