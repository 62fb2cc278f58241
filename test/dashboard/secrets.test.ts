/** Canaries in what users record and in the token: nowhere in what a panel without payloads answers, logs or throws. */
import { aggregate, collection, projection } from "tidemark";
import { openMemoryRuntime } from "tidemark/testing";
import { openDashboard } from "tidemark/dashboard";
import { expect, it, vi } from "vitest";
import { until } from "../support/until.js";
import { ask, askChange } from "./requests.js";

const CANARY = "canary-4111-1111";

const Card = aggregate<
  { number?: string },
  { type: "Add"; data: { number: string } },
  { type: "Added"; data: { number: string } }
>({
  name: "card",
  initialState: () => ({}),
  decide: { Add: (_state, data) => ({ type: "Added", data }) },
  evolve: { Added: (_state, data) => data },
});

const Cards = projection({
  name: "cards",
  version: 1,
  from: [Card],
  collections: { cards: collection<{ number: string }>() },
  onFailure: { attemptsMax: 1 },
  on: {
    Added: ({ entityId, data }, { cards }) => {
      if (entityId === "bad") throw new Error(`can't read ${data.number}`);
      cards.put(entityId, data);
    },
  },
});

const LOOKS: readonly (readonly [string, object])[] = [
  ["info", {}],
  ["overview", {}],
  ["events", {}],
  ["stream", { stream: "card/good" }],
  ["state", { stream: "card/good" }],
  ["diff", { stream: "card/good", from: 0 }],
  ["timeline", { stream: "card/good" }],
  ["projections", {}],
  ["projection.parked", { name: "cards" }],
  ["projection.documents", { name: "cards" }],
  ["projection.documents", { name: "cards", id: "good" }],
  ["deadLetters", {}],
  ["audit", {}],
];

it("payloads and tokens stay out of answers, streams, logs and errors of a panel that doesn't show them", async () => {
  const logged: unknown[] = [];
  const log = (...line: unknown[]) => void logged.push(line);
  const logger = { debug: log, info: log, warn: log, error: log };
  const printed = [vi.spyOn(process.stdout, "write"), vi.spyOn(process.stderr, "write")];
  const runtime = await openMemoryRuntime({ aggregates: [Card], projections: [Cards], logger });
  for (const id of ["good", "bad"])
    await runtime.ask(Card, id, { type: "Add", data: { number: CANARY } });
  await until(() => runtime.status().projections["cards"]?.generations[0]?.parked === 1);
  logged.length = 0;

  const panel = await openDashboard(runtime, { allowChanges: true });
  const answers = [];
  for (const [operation, input] of LOOKS)
    answers.push(
      await ask(panel, `/api/${operation}?input=${encodeURIComponent(JSON.stringify(input))}`),
    );
  answers.push(await askChange(panel, "projection.replayParked", { name: "cards" }));
  answers.push(
    await askChange(panel, "projection.skip", { name: CANARY.slice(0, 3), position: 1 }),
  );
  answers.push(await ask(panel, "/api/overview", { token: `${panel.token}x` }));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(LOOKS.length + 1);
  for (const { text, headers } of answers) {
    expect(text).not.toContain(CANARY);
    expect(text + JSON.stringify(headers)).not.toContain(panel.token);
  }
  await panel.close();
  await runtime.close();
  const output = printed.map((spy) => JSON.stringify(spy.mock.calls)).join("");
  for (const spy of printed) spy.mockRestore();
  expect(output + JSON.stringify(logged)).not.toContain(panel.token);
  expect(output).not.toContain(CANARY);
});
