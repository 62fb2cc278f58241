/** The panel in a browser, over a runtime that has trouble: what somebody sees who has never seen it, and what they press. */
import type { Browser, Page } from "playwright-core";
import type { Dashboard, DashboardOptions } from "tidemark/dashboard";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openWithLimits } from "../../src/dashboard/dashboard.js";
import { until } from "../support/until.js";
import { goTo, openBrowser, press, visit, type Visit } from "./browser.js";
import { Shop } from "./shop.js";
import { Order } from "./shop-domain.js";

/** Asks more often than people need it. */
const QUICK = { pollMs: 150 };

let browser: Browser;
let shop: Shop;
let panel: Dashboard;
const visits: Visit[] = [];

beforeAll(async () => {
  browser = await openBrowser();
  shop = await Shop.open({ orders: 50 });
});
afterAll(async () => {
  await browser.close();
  await shop.close();
});
afterEach(async () => {
  for (const each of visits.splice(0)) await each.close();
  await panel.close();
});

type VisitOptions = Parameters<typeof visit>[1];

async function opened(options: DashboardOptions, how: VisitOptions = {}): Promise<Visit> {
  panel = await openWithLimits(shop.runtime, options, QUICK);
  const visited = await visit(browser, how);
  visits.push(visited);
  await visited.page.goto(panel.url);
  await visited.page.getByRole("heading", { name: "Overview" }).waitFor();
  return visited;
}

const FULL = { allowChanges: true, showPayloads: true };

const PAGES: readonly (readonly [path: string, shows: RegExp])[] = [
  ["/", /projection revenue-by-day[\s\S]*Readers of the journal/],
  ["/journal", /Newest first[\s\S]*OrderPlaced/],
  [
    "/stream/order%2Ford-10410?v=3",
    /Version 3 of 5[\s\S]*OrderPacked[\s\S]*(boots|tent|rope|stove|headlamp|sleeping)/,
  ],
  ["/projections", /orders-by-country[\s\S]*stopped[\s\S]*confirmation-mail/],
  ["/projection/orders-by-country", /Parked events: \d[\s\S]*no tax rate for country NO/],
  ["/projection/revenue-by-day", /refunds aren't known here/],
  ["/sagas", /fulfilment/],
  ["/saga/fulfilment", /Stuck: 2[\s\S]*no carrier delivers to IS[\s\S]*paying/],
  [
    "/saga/fulfilment/ord-10413",
    /no carrier delivers to IS[\s\S]*Waiting inputs: \d[\s\S]*History/,
  ],
  ["/rules", /fraud/],
  ["/rules/fraud", /Stuck sessions[\s\S]*the score of cus-207 isn't a number[\s\S]*ManyOpenOrders/],
  ["/nats", /talks to no other/],
  ["/delivery", /after 2 days in paying/],
  ["/delivery?show=claims", /Held by[\s\S]*email/],
  ["/store", /in memory[\s\S]*There is nothing to copy[\s\S]*What would be lost/],
  ["/audit", /saga deployed/],
];

async function shows(page: Page, path: string, wanted: RegExp): Promise<void> {
  await goTo(page, path);
  await page.locator("main", { hasText: wanted }).waitFor({ timeout: 60_000 });
}

/** Records some events. */
async function place(id: string): Promise<void> {
  const data = { customer: "cus-201", country: "DE", lines: [], cents: 1 };
  await shop.runtime.ask(Order, id, { type: "Place", data });
}

function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe("somebody who sees the panel for the first time", () => {
  /** They change it: the others get one in its trouble. */
  afterAll(async () => {
    await shop.close();
    shop = await Shop.open({ orders: 50 });
  });

  it("sees what is wrong, presses what it says, and it is gone", async () => {
    const { page, troubles } = await opened(FULL);
    await page.getByText("unhealthy").first().waitFor();
    await expect.poll(() => page.locator("article.problem").count()).toBe(4);
    expect(await page.locator("article.problem").first().innerText()).toContain("revenue-by-day");

    Object.assign(shop.mended, { taxes: true, revenue: true, carriers: true, scores: true });
    await press(page, "article:has-text('revenue-by-day')", "Resume");
    await shop.settle();
    await press(page, "article:has-text('orders-by-country')", "Replay parked");
    await page
      .locator("article:has-text('saga fulfilment')")
      .getByRole("link", { name: "Look" })
      .click();
    for (const stuck of ["Stuck: 2", "Stuck: 1"]) {
      await page.getByText(stuck).waitFor();
      await press(page, "section[aria-label='Stuck instances']", "Retry");
      await shop.settle();
    }
    await goTo(page, "/");
    await page
      .locator("article:has-text('rule set fraud')")
      .getByRole("link", { name: "Look" })
      .click();
    await press(page, "section.card:has-text('Stuck sessions')", "Release");
    await shop.settle();
    await goTo(page, "/");
    await page.getByText("Everything works. Nothing needs you.").waitFor();
    await page.getByText("healthy", { exact: true }).first().waitFor();

    await shows(page, "/audit", /projection\.replayParked[\s\S]*Grace[\s\S]*mended in 4\.2\.1/);
    const { entries } = await shop.runtime.admin().call("audit", {});
    expect(entries.filter(({ by, via }) => by === "Grace" && via === "panel")).toHaveLength(5);
    expect(troubles).toEqual([]);
  });

  it("builds a view anew, sees what changes for readers, and lets it serve", async () => {
    const { page, troubles } = await opened(FULL);
    shop.mended.regions = true;
    await shows(page, "/projection/orders-by-country", /Parked events/);
    await press(page, "main", "Rebuild");
    await shop.settle();
    await page.getByText("What changes for readers").waitFor();
    expect(await page.locator("section.card", { hasText: "New generation" }).innerText()).toMatch(
      /50 documents changed, 0 added, 0 removed[\s\S]*"region":"EU"/,
    );
    await press(page, "section.card:has-text('New generation')", "Let the new one serve");
    await shop.settle();
    await page.getByText("retired").first().waitFor();
    await page.getByText("Nothing is parked").waitFor();
    await press(page, "main", "Drop the old generation");
    await page.getByRole("button", { name: "Roll back" }).waitFor({ state: "detached" });
    const status = shop.runtime.status().projections["orders-by-country"];
    expect(status?.generations.map(({ role, parked }) => ({ role, parked }))).toEqual([
      { role: "serving", parked: 0 },
    ]);
    expect(troubles).toEqual([]);
  });

  it("is told why something didn't work, and loses nothing that was typed", async () => {
    const { page } = await opened(FULL);
    await shows(page, "/saga/fulfilment/ord-10447", /History/);
    await page.getByRole("button", { name: "Send an event" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Type of the event").fill("OrderPacked");
    await dialog.getByLabel("Data as JSON").fill("{ no json");
    await dialog.locator("button[type=submit]").click();
    await dialog.getByText("The data isn't JSON").waitFor();
    expect(await dialog.getByLabel("Type of the event").inputValue()).toBe("OrderPacked");
  });
});

describe("pages of the panel", () => {
  it("show figures of the runtime, each under its own address, with no trouble in the browser", async () => {
    const { page, troubles } = await opened(FULL);
    for (const [path, wanted] of PAGES) await shows(page, path, wanted);
    expect(await page.title()).toBe("Audit – Tidemark · shop");
    expect(troubles).toEqual([]);
  });

  it("follow what happens without being asked", async () => {
    const { page } = await opened(FULL);
    await shows(page, "/journal", /Newest first/);
    await place("ord-live");
    await page.getByText("order/ord-live").first().waitFor();
    expect(await page.locator("tbody tr").count()).toBeGreaterThan(50);
  });

  it("follow what comes behind the newest events, not all of history, where the page was loaded anew", async () => {
    const { page } = await opened(FULL);
    await shows(page, "/journal", /Newest first/);
    const asked: unknown[] = [];
    await page.route(/\/api\/live\?/, (route) => {
      asked.push(JSON.parse(new URL(route.request().url()).searchParams.get("input") ?? ""));
      return route.continue();
    });
    const { head } = shop.runtime;
    await page.reload();
    await until(() => asked.length > 0);
    expect(asked).toEqual([
      [
        ["overview", {}],
        ["events", { after: head, limit: 50 }],
      ],
    ]);
  });

  it("show what happens while the newest events are asked for", async () => {
    const { page } = await opened(FULL);
    const told = gate();
    let isAnswered = false;
    await page.route(/\/api\/events\?/, async (route) => {
      const response = await route.fetch();
      isAnswered = true;
      await told.opened;
      await route.fulfill({ response });
    });
    await page.evaluate("location.hash = '/journal'");
    await until(() => isAnswered);
    await place("ord-meanwhile");
    // The page has it once it knows of a problem that came after it.
    const { operations } = shop.runtime;
    await operations.pause("articles-sold");
    await page.locator("nav").getByLabel("3 problems").waitFor();
    await operations.resume("articles-sold");
    told.open();
    await page.getByText("order/ord-meanwhile").first().waitFor();
    expect(await page.locator("tbody tr").count()).toBeGreaterThan(50);
  });

  it("keep what is typed into one field while another is used and events come in", async () => {
    const { page } = await opened(FULL);
    await shows(page, "/journal", /Newest first/);
    await page.getByLabel("Event types").fill("OrderPaid");
    await page.getByLabel("Correlation").focus();
    await place("ord-typed");
    await page.getByText("order/ord-typed").first().waitFor();
    expect(await page.getByLabel("Event types").inputValue()).toBe("OrderPaid");
  });

  it("keep the focus in a form whose field is called key when it is drawn anew", async () => {
    const { page } = await opened(FULL);
    await shows(page, "/delivery?show=claims", /Held by/);
    await page.getByLabel("Key begins with").focus();
    // The page is drawn anew, and nobody moves the focus.
    await page.locator("#theme").dispatchEvent("click");
    await page.getByRole("button", { name: "Light colours" }).waitFor();
    expect(await page.evaluate("document.activeElement.id")).toBe("key");
  });

  it("find events by type and by text, page by page", async () => {
    const { page } = await opened(FULL);
    await shows(page, "/journal", /Newest first/);
    await page.getByLabel("Event types").fill("PaymentCaptured");
    await page.getByRole("button", { name: "Search" }).click();
    // Some of them are on the page before; it is the answer once there is nothing else.
    const types = async () => new Set(await page.locator("tbody tr strong").allInnerTexts());
    await expect.poll(types).toEqual(new Set(["PaymentCaptured"]));
    await page.getByLabel("Event types").fill("");
    await page.getByLabel("Text or stream id").fill("order/ord-10401");
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByText("That is the beginning of the journal.").waitFor();
    await goTo(page, "/journal");
    await page.locator("#older").click();
    await page.getByRole("heading", { name: /^Before position/ }).waitFor();
  });

  it("explain an alert, and why it was raised", async () => {
    const { page } = await opened(FULL);
    await shows(page, "/rules/fraud", /ManyOpenOrders/);
    await page
      .getByRole("link", { name: /^Why was ManyOpenOrders/ })
      .first()
      .click();
    await page.getByText("because of:").waitFor();
    expect(await page.locator("section[aria-label=Why]").innerText()).toMatch(
      /OrderPlaced\s+of\s+order\//,
    );
  });

  it("list the instances of a state that is pressed in the drawing", async () => {
    const { page } = await opened(FULL);
    await shows(page, "/saga/fulfilment", /Press a state/);
    await page.locator("g.node", { hasText: "handover" }).click();
    await page.getByRole("heading", { name: "Instances in shipping.handover" }).waitFor();
    const cells = page.locator("section[aria-label=Instances] td[data-title=State]");
    const states = async () => new Set(await cells.allInnerTexts());
    await expect.poll(states).toEqual(new Set(["shipping.handover"]));
  });

  it("say so where the panel is gone, and go on where it comes back", async () => {
    const { page } = await opened(FULL);
    const { port } = new URL(panel.url);
    const { token } = panel;
    await panel.close();
    await page.getByText(/can't be reached|connection ended/).waitFor();
    panel = await openWithLimits(shop.runtime, { ...FULL, port: Number(port), token }, QUICK);
    await page.locator(".connection").waitFor({ state: "detached" });
    await expect.poll(() => page.locator("article.problem").count()).toBe(4);
  });
});

describe("the token in the browser", () => {
  it("leaves the address at once, is kept for the tab only, and a tab without it is asked for it", async () => {
    const { page } = await opened(FULL);
    expect(page.url()).not.toContain(panel.token);
    expect(
      await page.evaluate(
        "Object.values(sessionStorage).join() + '|' + Object.values(localStorage).join() + document.cookie",
      ),
    ).toBe(`${panel.token}|`);
    const other = await visit(browser);
    visits.push(other);
    await other.page.goto(new URL("/#/sagas", panel.url).href);
    await other.page.getByLabel("Token, or the whole address").fill("wrong");
    await other.page.getByRole("button", { name: "Open" }).click();
    await other.page.getByText("That token isn't right").waitFor();
    await other.page.getByLabel("Token, or the whole address").fill(panel.url);
    await other.page.getByRole("button", { name: "Open" }).click();
    await other.page.getByRole("heading", { name: "Sagas", level: 1 }).waitFor();
    expect(other.page.url()).not.toContain(panel.token);
  });
});

describe("a panel that only looks", () => {
  it("shows its buttons, says why they do nothing, and hides what users recorded", async () => {
    const { page } = await opened({});
    await page.getByText("read only").waitFor();
    const button = page.getByRole("button", { name: "Replay parked" });
    expect(await button.getAttribute("aria-disabled")).toBe("true");
    expect(await button.getAttribute("title")).toContain("allowChanges");
    await button.click({ force: true });
    await page.locator(".toast", { hasText: "only looks" }).waitFor();
    expect(await page.getByRole("dialog").count()).toBe(0);
    for (const [path] of PAGES) {
      await goTo(page, path);
      const text = await page.locator("main").innerText();
      expect(text).not.toMatch(/tent-2p|cus-20\d@|sleeping-bag|no tax rate|no carrier/);
    }
    await shows(page, "/stream/order%2Ford-10410?v=3", /hidden/);
  });
});
