/** The NATS page beside a real server: what can't be taken, what doesn't come, and a connection that is gone; and what to press. */
import type { Browser, Page } from "playwright-core";
import { remote, type Runtime } from "tidemark";
import { nats } from "tidemark/nats";
import { ManualClock, NatsServer, openMemoryRuntime } from "tidemark/testing";
import type { Dashboard } from "tidemark/dashboard";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { z } from "zod";
import { MemoryJournal, MemoryStore } from "../../journal/index.js";
import { openWithLimits } from "../../src/dashboard/dashboard.js";
import { defaultLimits } from "../../src/kernel/limits.js";
import { publicationOf } from "../../src/messaging/event-wire.js";
import { Connections } from "../messaging/nats/hosts.js";
import { Account } from "../support/account.js";
import { goTo, openBrowser, press, visit, type Visit } from "./browser.js";

const BANK = "00000000-0000-4000-8000-00000000000a";
const ports = { clock: new ManualClock(), limits: defaultLimits };
/** What deposits the bank records: the second is more than is taken, and the fourth never comes. */
const DEPOSITS = [
  ["ann", 5],
  ["bob", 5_000],
  ["bob", 7],
  ["ann", 8],
  ["ann", 9],
] as const;
const LOST = 4;

let server: NatsServer;
let browser: Browser;
let runtime: Runtime;
let panel: Dashboard;
let visited: Visit;
let centsMax: number;
let runs = 0;
const connections = new Connections();

beforeAll(async () => {
  server = await NatsServer.start();
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
  await server.remove();
});

beforeEach(async () => {
  const prefix = `panel${++runs}`;
  centsMax = 999;
  const Deposits = remote(Account, {
    events: ["Deposited"],
    schemas: {
      events: {
        Deposited: z.object({
          cents: z.number().refine((cents) => cents <= centsMax, "more than anybody has"),
        }),
      },
    },
  });
  runtime = await openMemoryRuntime({
    aggregates: [],
    service: "books",
    messaging: nats({ servers: server.url, prefix }),
    remotes: [Deposits],
  });
  await publish(prefix);
  panel = await openWithLimits(
    runtime,
    { allowChanges: true, showPayloads: true },
    { pollMs: 150 },
  );
  visited = await visit(browser);
  await visited.page.goto(panel.url);
  await visited.page.getByRole("heading", { name: "Overview" }).waitFor();
});
afterEach(async () => {
  await visited.close();
  await panel.close();
  await runtime.close();
  await connections.close();
});

/** As the bank's relay would; one of them is lost on the way. */
async function publish(prefix: string): Promise<void> {
  const journal = new MemoryJournal(new MemoryStore(BANK), ports);
  for (const [entity, cents] of DEPOSITS) {
    const events = [{ type: "Deposited", data: { cents } }];
    await journal.append({ streams: [{ streamId: `account/${entity}`, events }] });
  }
  const connection = await connections.connect(server.url, BANK, { prefix });
  for (const event of journal.readPage({ after: 0, limit: 10 }).events) {
    if (event.position === LOST) continue;
    const neighbours = { previous: event.position - 1, acknowledged: 0 };
    await connection.publish(publicationOf(event, BANK, neighbours, defaultLimits));
  }
}

const taken = () => [...runtime.events({ after: 0 })].filter(({ type }) => type === "Deposited");
const said = (page: Page, text: RegExp) => page.locator("main", { hasText: text }).waitFor();

it("says what can't be taken and what doesn't come, takes it once it is mended, and goes on without what is lost", async () => {
  const { page, troubles } = visited;
  await goTo(page, "/nats");
  await said(page, /2 messages are parked: they couldn't be taken/);
  await said(page, /waits for events that haven't come, of 1 store\./);
  const imports = page.locator("table[aria-label=Imports]");
  await imports.getByText(`position ${LOST} of`).waitFor();
  const parked = page.locator("table[aria-label='Parked messages']");
  await parked.getByText("more than anybody has").waitFor();
  expect(await parked.innerText()).toMatch(/bob[\s\S]*bob[\s\S]*waits behind one/);

  centsMax = 10_000;
  await press(page, "table[aria-label=Imports]", "Replay");
  await parked.waitFor({ state: "detached" });
  await press(page, "table[aria-label=Imports]", "Accept the gaps");
  await expect.poll(() => taken().map(({ data }) => data)).toHaveLength(4);
  await imports.getByText(`position ${LOST} of`).waitFor({ state: "detached" });
  await expect.poll(() => page.locator("article.problem").count()).toBe(0);
  const byEntity = taken().map(({ streamId, data }) => [streamId, data]);
  expect(byEntity.filter(([stream]) => stream === "account/bob")).toEqual([
    ["account/bob", { cents: 5_000 }],
    ["account/bob", { cents: 7 }],
  ]);
  const { entries } = await runtime.admin().call("audit", { by: "grace", outcome: "done" });
  expect(entries.map(({ what }) => what)).toEqual(["imports.acceptGaps", "imports.replay"]);
  expect(troubles).toEqual([]);
});

it("discards what will never be taken, and says where the server is gone until it is back", async () => {
  const { page } = visited;
  await goTo(page, "/nats");
  // One that came behind the press would be parked, too.
  await said(page, /2 messages are parked/);
  await press(page, "table[aria-label=Imports]", "Discard");
  await page.locator("table[aria-label='Parked messages']").waitFor({ state: "detached" });
  expect(taken().map(({ data }) => data)).toEqual([{ cents: 5 }]);
  await server.stop("SIGKILL");
  await page.locator(".title", { hasText: "disconnected" }).waitFor();
  await said(page, /There is no connection to/);
  await server.restart();
  await page.locator(".title", { hasText: /^NATSconnected/ }).waitFor();
});
