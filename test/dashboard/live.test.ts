/** What keeps pages up to date: asked once for all who follow it, sent when it differs, and gone with the last of them. */
import type { Dashboard } from "tidemark/dashboard";
import { afterEach, describe, expect, it } from "vitest";
import { openWithLimits, type DashboardLimits } from "../../src/dashboard/dashboard.js";
import { until } from "../support/until.js";
import { recordingClient, type RecordingClient } from "./recording-client.js";
import { ask } from "./requests.js";

let panel: Dashboard;
let client: RecordingClient;
afterEach(() => panel.close());

async function opened(limits: Partial<DashboardLimits> = {}): Promise<void> {
  client = recordingClient();
  panel = await openWithLimits(client, { showPayloads: true }, { pollMs: 1, ...limits });
}

interface Stream {
  /** Everything that came. */
  readonly text: () => string;
  leave(): void;
}

async function follow(questions: unknown): Promise<Stream> {
  const leaving = new AbortController();
  const url = new URL(
    `/api/live?input=${encodeURIComponent(JSON.stringify(questions))}`,
    panel.url,
  );
  const headers = { "x-tidemark-token": panel.token };
  const response = await fetch(url, { headers, signal: leaving.signal });
  expect(response.status).toBe(200);
  let text = "";
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  void (async () => {
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read())
      text += part.value;
  })().catch(() => undefined);
  return { text: () => text, leave: () => leaving.abort() };
}

describe("a page that follows something", () => {
  it("is sent the answer at once, and again only when it differs", async () => {
    await opened();
    let head = 1;
    client.answers.set("overview", () => ({ head }));
    const { text } = await follow([["overview", {}]]);
    await until(() => text().includes('{"head":1}'));
    const { length: asked } = client.calls;
    await until(() => client.calls.length > asked + 5);
    head = 2;
    await until(() => text().includes('{"head":2}'));
    expect(text().match(/event: value\nid: 0\ndata: \{"head":1\}\n\n/g)).toHaveLength(1);
  });

  it("shares a question with others: however many ask, it is asked once", async () => {
    await opened({ pollMs: 600_000 });
    const streams = await Promise.all([1, 2, 3].map(() => follow([["overview", {}]])));
    await until(() => streams.every(({ text }) => text().includes("id: 0")));
    expect(client.calls.filter(({ operation }) => operation === "overview")).toHaveLength(1);
  });

  it("ends its questions once all who asked them are gone", async () => {
    await opened({ pollMs: 20 });
    const streams = await Promise.all(
      [1, 2, 3].map(() =>
        follow([
          ["overview", {}],
          ["sagas", {}],
        ]),
      ),
    );
    await until(() => streams.every(({ text }) => text().includes("id: 1")));
    for (const { leave } of streams) leave();
    let last = -1;
    for (let still = 0; still < 10; still = client.calls.length === last ? still + 1 : 0) {
      last = client.calls.length;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    expect(client.calls.length).toBe(last);
  });

  it("is told of a failure, by its code, and of the answer once there is one again", async () => {
    await opened();
    let fails = true;
    client.answers.set("overview", () => {
      if (fails) throw new Error("canary");
      return { head: 3 };
    });
    const { text } = await follow([["overview", {}]]);
    await until(() => text().includes("event: failed"));
    fails = false;
    await until(() => text().includes('{"head":3}'));
    expect(text()).not.toContain("canary");
  });

  it("gets every page of events once and in order, each page asked for behind the last", async () => {
    await opened();
    let head = 0;
    client.answers.set("events", () => {
      head += 1;
      return { events: [{ position: head }], head, scannedTo: head };
    });
    const { text } = await follow([["events", { after: 0, types: ["A"] }]]);
    await until(() => text().includes('"position":20}'));
    const positions = [...text().matchAll(/"position":(\d+)\}/g)].map(([, position]) =>
      Number(position),
    );
    expect(positions).toEqual(positions.map((_, index) => index + 1));
    const afters = client.calls.map(({ input }) => (input as { after: number }).after);
    expect(afters.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, index) => index));
    expect(client.calls[3]?.input).toMatchObject({ types: ["A"], waitMs: 20_000 });
  });

  it("hears that the panel is still there, also when nothing changes", async () => {
    await opened({ heartbeatMs: 20 });
    const { text } = await follow([["overview", {}]]);
    await until(() => text().split(": still here\n\n").length > 3);
    expect(text().match(/event: value/g)).toHaveLength(1);
  });

  it.each<[string, unknown, number]>([
    ["nothing", [], 400],
    ["more than a page needs", Array.from({ length: 9 }, () => ["overview", {}]), 400],
    ["no list", {}, 400],
    ["what isn't an operation", [["nothing", {}]], 400],
    ["an operation without its input", [["overview"]], 400],
    ["a change", [["projection.pause", { name: "a" }]], 405],
  ])("that asks for %s is refused", async (_case, questions, status) => {
    await opened();
    const path = `/api/live?input=${encodeURIComponent(JSON.stringify(questions))}`;
    expect((await ask(panel, path)).status).toBe(status);
    expect((await ask(panel, path, { token: undefined })).status).toBe(401);
    expect(client.calls).toEqual([]);
  });
});
