/** What is done with a store from the panel: copies, subjects that are forgotten, keys, entities that are compacted and that end. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { openAdmin, openRuntime, type Runtime } from "tidemark";
import { openDashboard, type Dashboard, type DashboardOptions } from "tidemark/dashboard";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Article } from "../../examples/guides/command-line.js";
import { ANN, privacy, users, userView } from "../privacy/people.js";
import { goTo, openBrowser, press, pressed, visit, type Visit } from "./browser.js";

let browser: Browser;
let root: string;
let runtime: Runtime;
let panel: Dashboard;
let visited: Visit;

const open = () =>
  openRuntime({
    directory: join(root, "data"),
    service: "shop",
    aggregates: [Article, users],
    projections: [userView],
    privacy,
    freeBytesMin: 0,
  });

beforeAll(async () => {
  browser = await openBrowser();
  root = mkdtempSync(join(tmpdir(), "tidemark-store-"));
  runtime = await open();
  await runtime.ask(users, "u1", { type: "Register", data: ANN });
  for (const count of [3, 4, 5])
    for (const article of ["cup", "pot"])
      await runtime.ask(Article, article, { type: "Receive", data: { count } });
});
afterAll(async () => {
  await browser.close();
  await runtime.close();
  rmSync(root, { recursive: true, force: true });
});
afterEach(async () => {
  await visited.close();
  await panel.close();
});

async function opened(options: DashboardOptions = {}): Promise<Page> {
  const folders = { backupsTo: join(root, "backups"), archivesTo: join(root, "archives") };
  const full = { allowChanges: true, showPayloads: true, ...folders };
  panel = await openDashboard(runtime, { ...full, ...options });
  visited = await visit(browser);
  await visited.page.goto(panel.url);
  await visited.page.getByRole("heading", { name: "Overview" }).waitFor();
  return visited.page;
}

const lastAudited = async () => (await runtime.admin().call("audit", { limit: 1 })).entries[0];

describe("the store page", () => {
  it("makes a backup under a name in the folder of the panel, says what it made, and lists it", async () => {
    const page = await opened();
    await goTo(page, "/store");
    await page.getByRole("button", { name: "Back up" }).click();
    const dialog = page.getByRole("dialog");
    expect(await dialog.getByLabel("Name of the folder").inputValue()).toMatch(
      /^shop-\d{4}-\d\d-\d\d-\d{4}$/,
    );
    await dialog.getByLabel("Name of the folder").fill("../elsewhere");
    await dialog.locator("button[type=submit]").click();
    expect(await dialog.locator("input:invalid").count()).toBe(1);
    await dialog.getByLabel("Name of the folder").fill("monday");
    await dialog.getByLabel("Your name").fill("Grace");
    await dialog.locator("button[type=submit]").click();
    await dialog.getByRole("heading", { name: "Back up: done" }).waitFor();
    expect(await dialog.innerText()).toContain(join(root, "backups", "monday"));
    await dialog.getByRole("button", { name: "Close" }).click();
    await page.locator("table[aria-label=Backups]", { hasText: "monday" }).waitFor();
    expect(existsSync(join(root, "elsewhere"))).toBe(false);
    const copy = await openAdmin({ directory: join(root, "backups", "monday") });
    const { head } = await copy.call("info", {});
    await copy.close();
    expect(head).toBeGreaterThanOrEqual(7);
    expect(await lastAudited()).toMatchObject({
      what: "backup",
      by: "Grace",
      via: "panel",
      outcome: "done",
    });
    expect(visited.troubles).toEqual([]);
  });

  it("shows what would be lost before anybody is forgotten, forgets, and says what was lost", async () => {
    const page = await opened();
    await goTo(page, "/store");
    await page.getByLabel("Subject").fill("u1");
    await page.getByRole("button", { name: "What would be lost?" }).click();
    const report = page.locator("section[aria-label='Personal data']");
    await report.getByText("Forget for good").waitFor();
    expect(await report.innerText()).toMatch(/Events of user\s+1\s+Documents of users\s+1/);
    expect((await runtime.state(users, "u1")).state).toMatchObject({ email: ANN.email });

    const dialog = await pressed(page, "section[aria-label='Personal data']", "Forget for good");
    await dialog.getByRole("heading", { name: "Forget for good: done" }).waitFor();
    expect(await dialog.innerText()).toMatch(/Keys destroyed\s+1/);
    await dialog.getByRole("button", { name: "Close" }).click();
    await runtime.close();
    runtime = await open();
    expect(JSON.stringify((await runtime.state(users, "u1")).state)).not.toContain(ANN.email);
    const { entries } = await runtime.admin().call("audit", { what: "forget" });
    expect(entries.map(({ detail, reason }) => [detail, reason])).toEqual([
      [{ subject: "u1" }, "mended in 4.2.1"],
      [{ subject: "u1", dryRun: true }, undefined],
    ]);
  });

  it("wraps the keys anew, and says with which master key", async () => {
    const page = await opened();
    await goTo(page, "/store");
    const dialog = await pressed(
      page,
      "section[aria-label='Personal data']",
      "Rotate the master key",
    );
    await dialog.getByRole("heading", { name: "Rotate the master key: done" }).waitFor();
    expect(await dialog.innerText()).toMatch(/Wrapped with\s+test/);
  });

  it("has no button for a backup where the panel has no folder, and says what helps", async () => {
    const page = await opened({ backupsTo: undefined, archivesTo: undefined } as never);
    await goTo(page, "/store");
    await page.getByText("names a folder for them with backupsTo").waitFor();
    expect(await page.getByRole("button", { name: "Back up" }).count()).toBe(0);
    await goTo(page, "/stream/article%2Fpot");
    await page.getByRole("button", { name: "Compact" }).click({ force: true });
    await page.locator(".toast", { hasText: "no folder for archives" }).waitFor();
    expect(await page.getByRole("dialog").count()).toBe(0);
  });

  it("only looks where the panel does: nothing is even tried", async () => {
    const page = await opened({ allowChanges: false });
    await goTo(page, "/store");
    const { head } = runtime;
    await page.getByLabel("Subject").fill("u1");
    for (const name of ["Back up", "Rotate the master key", "What would be lost?"]) {
      await page.getByRole("button", { name }).click({ force: true });
      await page.locator(".toast", { hasText: "only looks" }).last().waitFor();
    }
    expect(await page.getByRole("dialog").count()).toBe(0);
    expect(runtime.head).toBe(head);
  });
});

describe("the page of an entity", () => {
  it("compares any two versions, and goes to the first and to the newest", async () => {
    const page = await opened();
    await goTo(page, "/stream/article%2Fpot");
    await page.getByRole("heading", { name: "Version 3 of 3" }).waitFor();
    await page.getByRole("button", { name: "First version" }).click();
    await page.getByRole("heading", { name: "Version 1 of 3" }).waitFor();
    await page.getByLabel("Compare with version").fill("3");
    await page.getByRole("button", { name: "Compare" }).click();
    const difference = page.locator("section[aria-label=Difference]");
    await difference.getByText("12").waitFor();
    expect(await difference.innerText()).toMatch(/From version 1 to 3[\s\S]*count\s+3 → 12/);
    expect(page.url()).toContain("v=1&with=3");
    await page.reload();
    await difference.getByText("12").waitFor();
    await page.getByRole("button", { name: "Newest version" }).click();
    await page.getByRole("heading", { name: "From version 3 to 3" }).waitFor();
    await difference.getByRole("button", { name: "Close" }).click();
    await difference.waitFor({ state: "detached" });
  });

  it("archives its history and goes on from the summary, and tells where it is", async () => {
    const page = await opened();
    await goTo(page, "/stream/article%2Fcup");
    await page.getByRole("heading", { name: "Version 3 of 3" }).waitFor();
    const dialog = await pressed(page, "section[aria-label='Its end']", "Compact");
    await dialog.getByRole("heading", { name: "Compact: done" }).waitFor();
    await dialog.getByRole("button", { name: "Close" }).click();
    await page.getByRole("heading", { name: "Version 4 of 4" }).waitFor();
    const archives = readdirSync(join(root, "archives"));
    expect(archives).toEqual(["article-cup-v3.ndjson.gz"]);
    await page.locator("section[aria-label=Version]", { hasText: archives[0] ?? "" }).waitFor();
    expect((await runtime.state(Article, "cup")).state).toEqual({ count: 12 });
  });

  it("ends it for good, and says so", async () => {
    const page = await opened();
    await goTo(page, "/stream/article%2Fpot");
    await press(page, "section[aria-label='Its end']", "End for good");
    await page.getByText("ended for good").waitFor();
    const after = await runtime.ask(Article, "pot", { type: "Receive", data: { count: 1 } });
    expect(after).toMatchObject({ status: "rejected", code: "tombstoned" });
    expect(await page.getByRole("button", { name: "End for good" }).count()).toBe(0);
  });
});

describe("the audit page", () => {
  it("finds what somebody did by its name, by who and by how it ended, page by page", async () => {
    const admin = runtime.admin({ via: "process", by: "Ada", change: true, payloads: true });
    for (let each = 0; each < 101; each += 1)
      await admin.call("projection.pause", { name: "users" });
    await admin.call("projection.resume", { name: "users" });
    const page = await opened();
    await goTo(page, "/audit");
    await page.getByRole("link", { name: "Older" }).click();
    await page.getByRole("link", { name: "Newest" }).waitFor();
    await page.getByLabel("What was done").fill("resume");
    await page.getByLabel("Who").fill("ada");
    await page.getByLabel("Outcome").selectOption("done");
    await page.getByRole("button", { name: "Search" }).click();
    await page.locator("tbody tr").first().waitFor();
    await expect.poll(() => page.locator("tbody tr").count()).toBe(1);
    expect(await page.locator("tbody tr").innerText()).toMatch(/projection\.resume[\s\S]*Ada/);
    await page.getByLabel("Outcome").selectOption("failed");
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByText("Nothing here fits").waitFor();
  });
});

describe("the journal page", () => {
  it("hides Tidemark's own events, and shows what is in one where it stands", async () => {
    const page = await opened();
    await goTo(page, "/journal");
    await page.locator("td", { hasText: "tidemark/admin:log" }).first().waitFor();
    await page.getByLabel("hide Tidemark's own").check();
    await page.locator("td", { hasText: "tidemark/" }).first().waitFor({ state: "detached" });
    await expect.poll(() => page.locator("tbody tr").count()).toBeGreaterThan(5);
    const details = page.getByRole("button", { name: /^Details of Received/ }).first();
    await details.press("Enter");
    await page.locator("tr.detail", { hasText: "Correlation" }).waitFor();
    expect(await details.getAttribute("aria-expanded")).toBe("true");
    await details.press("Enter");
    await page.locator("tr.detail").waitFor({ state: "detached" });
  });
});
