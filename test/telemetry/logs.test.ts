import { pino } from "pino";
import { aggregate, inProcessHub, InvalidArgumentError, reject, type Runtime } from "tidemark";
import { prometheus } from "tidemark/telemetry";
import { MemoryDirectory, openMemoryRuntime } from "tidemark/testing";
import { afterEach, describe, expect, it } from "vitest";
import { safeLogger } from "../../src/kernel/log.js";
import { balancesOf } from "../support/balances.js";
import { Account, deposit } from "../support/account.js";
import { Errand, List, Tally } from "../support/errands.js";
import { Desk, libraryRules, Shelf } from "../support/library.js";
import { Billing, Invoice, Order, Orders } from "../support/traced-shop.js";
import { RecordedTraces } from "../support/tracing.js";
import { until } from "../support/until.js";

const opened: Runtime[] = [];
afterEach(async () => {
  for (const runtime of opened.splice(0).reverse()) await runtime.close();
});

const CANARY = "canary-7f3a";

/** A real pino, and its lines. */
function logged() {
  const lines: string[] = [];
  const logger = pino({ level: "trace" }, { write: (line: string) => void lines.push(line) });
  return { logger, lines, parsed: () => lines.map((line) => JSON.parse(line) as LogLine) };
}
interface LogLine {
  readonly msg: string;
  readonly level: number;
  readonly trace_id?: string;
  readonly streamId?: string;
  readonly reason?: unknown;
  readonly error?: { readonly type: string; readonly code?: string; readonly message: string };
}

describe("logs", () => {
  it("name what failed by ids and codes, and the trace that it is in", async () => {
    const { logger, parsed } = logged();
    const traces = new RecordedTraces();
    const balances = balancesOf(1, {
      onFailure: { then: "stop", attemptsMax: 1 },
      before: () => {
        throw new Error("broken");
      },
    });
    const runtime = await openMemoryRuntime({
      ...{ aggregates: [Account], projections: [balances], logger, telemetry: traces.telemetry },
    });
    opened.push(runtime);
    await runtime.ask(Account, "a", deposit(5));
    await until(() => runtime.status().projections["balances"]!.generations[0]!.failures > 0);
    const [failure] = parsed().filter(({ error }) => error !== undefined);
    expect(failure).toMatchObject({
      error: { type: "HandlerFailedError", code: "handler-failed" },
      trace_id: traces.traceIds()[0],
    });
    expect(failure?.error?.message).toContain("account/a");
    runtime.tell(Account, "a", { type: "Withdraw", data: { cents: 50 } });
    await runtime.ask(Account, "a", deposit(5));
    const letter = parsed().find(({ msg }) => msg === "a told command failed");
    expect(letter).toMatchObject({ reason: "insufficient-funds" });
    expect(letter?.streamId).toContain("account");
  });

  it("say of an instance of a saga, and of a session of rules, that it is parked, once and without what it holds", async () => {
    const { logger, lines, parsed } = logged();
    const directory = new MemoryDirectory();
    const parts = { aggregates: [Tally, List, Shelf, Desk], sagas: [Errand] };
    const rules = libraryRules();
    const open = async () => {
      const runtime = await openMemoryRuntime({ ...parts, ruleSets: [rules], directory, logger });
      opened.push(runtime);
      return runtime;
    };
    const runtime = await open();
    await runtime.ask(List, "l", { type: "Ask", data: { id: "e" } });
    await until(() => runtime.sagas.instance(Errand, "e")?.state === "waiting");
    await runtime.sagas.park(Errand, "e", { reason: CANARY });
    await runtime.ask(Shelf, "ann", { type: "Return", data: { book: "burnt", atMs: 0 } });
    await runtime.rules.idle();
    await until(() => runtime.sagas.counts(Errand).some(({ status }) => status === "parked"));
    const said = () =>
      parsed()
        .filter(({ msg }) => msg.includes(" is parked: "))
        .map(({ msg, streamId }) => [streamId, msg.slice(0, msg.indexOf(":"))]);
    const both = [
      ["errand/e", "an instance of errand is parked"],
      [`${rules.name}/ann`, `an instance of ${rules.name} is parked`],
    ];
    expect(said()).toEqual(both);
    expect(lines.join()).not.toContain(CANARY);
    await runtime.close();
    // An index that is built anew reads all of it again.
    for (const table of ["sagas", `rules/${rules.name}`])
      await directory.views.removeRange("rows", { from: [table], before: [`${table}\u0000`] });
    const again = await open();
    await Promise.all([again.rules.idle(), again.sagas.idle()]);
    expect(said()).toEqual(both);
  });

  it.each([
    ["park", "an event is parked: "],
    ["skip", "an event is passed over: "],
  ] as const)(
    "say of an event that a handler can't take what became of it: %s",
    async (then, says) => {
      const { logger, parsed } = logged();
      const balances = balancesOf(1, {
        onFailure: { then, attemptsMax: 1 },
        before: () => {
          throw new Error("broken");
        },
      });
      const runtime = await openMemoryRuntime({
        ...{ aggregates: [Account], projections: [balances], logger },
      });
      opened.push(runtime);
      for (const cents of [5, 6]) await runtime.ask(Account, "a", deposit(cents));
      await runtime.operations.refresh(balances);
      // Not of those that only wait behind it: they may be many.
      const lines = parsed().filter(({ msg }) => msg.startsWith(says));
      expect(lines).toHaveLength(then === "park" ? 1 : 2);
      expect(lines[0]?.error).toMatchObject({
        ...{ type: "HandlerFailedError", code: "handler-failed" },
        message: expect.stringContaining("Deposited of account/a at position 1") as unknown,
      });
    },
  );

  it("show no value that an error of ours shows its caller, at any depth", () => {
    const { logger, lines, parsed } = logged();
    const cause = new InvalidArgumentError("data", "a number", CANARY);
    const error = new Error(`order failed: ${cause.message}`, { cause });
    safeLogger(logger).warn({ error, position: 7 }, "it failed");
    expect(lines.join("")).not.toContain(CANARY);
    expect(parsed()[0]).toMatchObject({
      ...{ msg: "it failed", position: 7 },
      error: { type: "Error", message: "order failed: data must be a number; given: …" },
    });
  });
});

type NoteCommand =
  | { type: "Take"; data: { email: string } }
  | { type: "Refuse"; data: { email: string } }
  | { type: "Break"; data: { email: string } };
const Note = aggregate<{ email: string }, NoteCommand, { type: "Taken"; data: { email: string } }>({
  name: "note",
  initialState: () => ({ email: "" }),
  claims: { email: ({ email }) => (email === "" ? [] : [email]) },
  decide: {
    Take: (_state, data) => ({ type: "Taken", data }),
    Refuse: (_state, { email }) => reject(`refused ${email}`, { email }),
    Break: (_state, data) => ({ type: "Taken", data: { ...data, bad: () => data } }),
  },
  evolve: { Taken: (_state, { email }) => ({ email }) },
});

it("what is in commands, events and keys is in no log line, metric or span", async () => {
  const { logger, lines } = logged();
  const traces = new RecordedTraces();
  const messaging = inProcessHub();
  const shared = { logger, telemetry: traces.telemetry, messaging };
  const directory = new MemoryDirectory("00000000-0000-4000-8000-000000000001");
  const billing = await openMemoryRuntime({ ...shared, aggregates: [Invoice], directory });
  opened.push(billing);
  const shop = await openMemoryRuntime({
    ...{ ...shared, aggregates: [Order, Note], sagas: [Billing], projections: [Orders] },
  });
  opened.push(shop);
  const email = `${CANARY}@example.org`;
  await shop.ask(Order, "o", { type: "Place", data: { note: CANARY } });
  for (const type of ["Take", "Refuse", "Break"] as const) {
    await shop.ask(Note, "n", { type, data: { email } }).catch(() => undefined);
    shop.tell(Note, `other-${type}`, { type, data: { email } });
  }
  shop.tell(Note, "n", CANARY as never);
  shop.tell(Note, "n", { type: "Take", data: { email: [CANARY, () => 1] } } as never);
  await shop.sagas.idle();
  await shop.view(Orders).get("o", { fresh: true });
  await until(() => shop.deadLetters().length >= 4);
  const { body } = await prometheus(shop)();
  const spans = traces.spans().map(({ name, attributes, status, events, links }) => {
    return { name, attributes, status, events, links };
  });
  expect(spans.length).toBeGreaterThan(10);
  expect(lines.length).toBeGreaterThan(3);
  expect(body).toContain('code="other"');
  for (const told of [lines.join(""), body, JSON.stringify(spans)])
    expect(told).not.toContain(CANARY);
});
