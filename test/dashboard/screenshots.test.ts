/** Pictures of every page, light and dark, for the guide: `SCREENSHOTS=1` writes them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inProcessHub } from "tidemark";
import type { Browser, Page } from "playwright-core";
import { openDashboard, type Dashboard } from "tidemark/dashboard";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { goTo, openBrowser, visit } from "./browser.js";
import { palettePng } from "./palette-png.js";
import { Shop } from "./shop.js";

const FOLDER = process.env["SCREENSHOTS_TO"] ?? "docs/panel";

interface Picture {
  readonly name: string;
  readonly path: string;
  readonly ready: string;
  readonly before?: (page: Page) => Promise<unknown> | undefined;
}

async function askWhatWouldBeLost(page: Page): Promise<void> {
  await page.getByLabel("Subject").fill("cus-203");
  await page.getByRole("button", { name: "What would be lost?" }).click();
}

const PICTURES: readonly Picture[] = [
  { name: "overview", path: "/", ready: "Readers of the journal" },
  { name: "journal", path: "/journal", ready: "Older" },
  { name: "stream", path: "/stream/order%2Ford-10410?v=3", ready: "OrderPacked" },
  { name: "projections", path: "/projections", ready: "revenue-by-day" },
  { name: "projection", path: "/projection/orders-by-country", ready: "What was done to it" },
  { name: "sagas", path: "/sagas", ready: "fulfilment" },
  { name: "saga", path: "/saga/fulfilment", ready: "packing" },
  { name: "instance", path: "/saga/fulfilment/ord-10413", ready: "History" },
  { name: "rules", path: "/rules", ready: "fraud" },
  { name: "rule-set", path: "/rules/fraud", ready: "Sessions" },
  { name: "nats", path: "/nats", ready: "NATS" },
  { name: "delivery", path: "/delivery", ready: "Timers" },
  { name: "claims", path: "/delivery?show=claims", ready: "Held by" },
  { name: "store", path: "/store", ready: "Forget for good", before: askWhatWouldBeLost },
  { name: "audit", path: "/audit", ready: "What operators did" },
];

describe.runIf(process.env["SCREENSHOTS"] === "1")("pictures of the panel", () => {
  let browser: Browser;
  let shop: Shop;
  let panel: Dashboard;
  let directory: string;

  beforeAll(async () => {
    mkdirSync(FOLDER, { recursive: true });
    browser = await openBrowser();
    directory = mkdtempSync(join(tmpdir(), "tidemark-shop-"));
    shop = await Shop.open({ directory, messaging: inProcessHub() });
    panel = await openDashboard(shop.runtime, {
      allowChanges: true,
      showPayloads: true,
      backupsTo: "/backups",
      archivesTo: "/archives",
    });
  }, 120_000);

  afterAll(async () => {
    await browser.close();
    await panel.close();
    await shop.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it.each(["light", "dark"] as const)("are made of every page, %s", async (colorScheme) => {
    const { page, troubles } = await visit(browser, { colorScheme });
    await page.goto(panel.url);
    await page.getByText("Readers of the journal").first().waitFor();
    for (let second = 0; second < 6; second += 1) {
      await shop.work(1, 3);
      await page.waitForTimeout(1_050);
    }
    for (const { name, path, ready, before = () => undefined } of PICTURES) {
      await goTo(page, path);
      await before(page);
      await page
        .getByText(ready)
        .first()
        .waitFor({ timeout: 8_000 })
        .catch(() => troubles.push(`${name} isn't ready`));
      await page.waitForTimeout(400);
      writeFileSync(
        join(FOLDER, `${name}-${colorScheme}.png`),
        palettePng(await page.screenshot()),
      );
    }
    expect(troubles).toEqual([]);
  });
});
