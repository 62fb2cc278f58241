/** The panel for everybody: by keyboard, on a phone, in the dark, with a screen reader; and with what attackers write. */
import { readFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import type { Dashboard } from "tidemark/dashboard";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWithLimits } from "../../src/dashboard/dashboard.js";
import { goTo, openBrowser, visit, type Visit } from "./browser.js";
import { Order } from "./shop-domain.js";
import { Shop } from "./shop.js";

const SCRIPT = "<img src=x onerror=hacked()><script>hacked()</script>";
const PATHS = [
  "/",
  "/delivery?show=claims",
  "/journal",
  "/stream/order%2Ford-10417",
  "/projections",
  "/projection/orders-by-country",
  "/sagas",
  "/saga/fulfilment",
  "/saga/fulfilment/ord-10413",
  "/rules",
  "/rules/fraud",
  "/nats",
  "/delivery",
  "/store",
  "/audit",
];

/** Asks more often than people need it. */
const QUICK = { pollMs: 150 };

let browser: Browser;
let shop: Shop;
let panel: Dashboard;

beforeAll(async () => {
  browser = await openBrowser();
  shop = await Shop.open({ orders: 50 });
  for (const country of ["NO", "IS"]) {
    const data = { customer: SCRIPT, country: country + SCRIPT, lines: [], cents: 200_000 };
    await shop.runtime.ask(Order, `${country} ${SCRIPT}`, { type: "Place", data });
  }
  await shop.settle();
  await shop.runtime
    .admin({ via: "process", by: SCRIPT, change: true, payloads: true })
    .call("projection.pause", { name: "articles-sold", reason: SCRIPT });
  panel = await openWithLimits(shop.runtime, { allowChanges: true, showPayloads: true }, QUICK);
});
afterAll(async () => {
  await browser.close();
  await panel.close();
  await shop.close();
});

async function opened(how: Parameters<typeof visit>[1] = {}): Promise<Visit> {
  const visited = await visit(browser, how);
  await visited.page.goto(panel.url);
  await visited.page.locator("article.problem").first().waitFor();
  return visited;
}

describe("the panel by keyboard alone", () => {
  it("has a way past the menu, a visible focus, and dialogs that Escape leaves", async () => {
    const { page, close } = await opened();
    const focused = () =>
      page.evaluate<string>("document.activeElement.innerText || document.activeElement.id");
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("Skip to the content");
    await page.keyboard.press("Enter");
    expect(await page.evaluate("document.activeElement.id")).toBe("main");
    await page.keyboard.press("Tab");
    expect(await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")).toBe(
      "solid",
    );
    const button = await focused();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    expect(await page.evaluate("document.activeElement.name")).toBe("reason");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await focused()).toBe(button);
    await close();
  });

  it("moves through the versions of a stream with the arrow keys, and the address goes along", async () => {
    const { page, close } = await opened();
    await goTo(page, "/stream/order%2Ford-10410?v=3");
    await page.getByRole("heading", { name: "Version 3 of 5" }).waitFor();
    await page.getByRole("slider").focus();
    await page.keyboard.press("ArrowLeft");
    await page.getByRole("heading", { name: "Version 2 of 5" }).waitFor();
    await page.locator("main", { hasText: /after version 2[\s\S]*paid/ }).waitFor();
    await page.keyboard.press("End");
    await page.getByRole("heading", { name: "Version 5 of 5" }).waitFor();
    expect(page.url()).toContain("v=5");
    await close();
  });

  it("comes to everything that can be used on each page by Tab, always sees where it is, and is trapped nowhere", async () => {
    const visited = await opened();
    const { page } = visited;
    const objections: string[] = [];
    for (const path of PATHS) {
      await goTo(page, path);
      const wanted = await page.evaluate<number>(MARK_REACHABLE);
      await page.evaluate("document.getElementById('main').focus()");
      // Fields for a date have a stop for each of their parts.
      const reached = new Set<string>();
      for (let press = 0; press < wanted + 30 && reached.size < wanted; press += 1) {
        await page.keyboard.press("Tab");
        const [mark, isSeen] = await page.evaluate<[string, boolean]>(FOCUSED);
        if (mark !== "") reached.add(mark);
        if (mark !== "" && !isSeen) objections.push(`${path}: the focus on ${mark} isn't seen`);
      }
      if (reached.size < wanted)
        objections.push(`${path}: of ${wanted} only ${[...reached].join(", ")}`);
    }
    expect(objections).toEqual([]);
    await visited.close();
  });

  it("picks a state of the drawing with Enter", async () => {
    const { page, close } = await opened();
    await goTo(page, "/saga/fulfilment");
    await page.locator("g.node", { hasText: "paying" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Instances in paying" }).waitFor();
    expect(page.url()).toContain("state=paying");
    await close();
  });
});

describe("the panel on a screen of 360 pixels", () => {
  it("needs no scrolling sideways, on any page", async () => {
    const visited = await opened({ viewport: { width: 360, height: 740 }, hasTouch: true });
    const wide: string[] = [];
    for (const path of PATHS) {
      await goTo(visited.page, path);
      const width = await visited.page.evaluate("document.documentElement.scrollWidth");
      if (Number(width) > 360) wide.push(`${path}: ${String(width)}`);
    }
    expect(wide).toEqual([]);
    await visited.close();
  });
});

describe("the colours of the panel", () => {
  it("follow the system until somebody chooses, and the choice is kept", async () => {
    const { page, close } = await opened({ colorScheme: "dark" });
    const ground = () =>
      page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
    expect(await ground()).toBe("rgb(16, 22, 27)");
    await page.getByRole("button", { name: "Light colours" }).click();
    expect(await ground()).toBe("rgb(246, 247, 248)");
    await page.reload();
    await page.locator("article.problem").first().waitFor();
    expect(await ground()).toBe("rgb(246, 247, 248)");
    await close();
  });

  it("have the contrast of WCAG AA, light and dark", () => {
    const css = readFileSync("src/dashboard/public/tokens.css", "utf8");
    const [light = "", dark = ""] = css.split(":root[data-theme");
    const poor = [light, dark].flatMap((theme) => {
      const colour = (name: string) =>
        new RegExp(`--${name}: (#[0-9a-f]{6})`).exec(theme)?.[1] ?? "#000000";
      return PAIRS.filter(([text, ground]) => contrast(colour(text), colour(ground)) < 4.5).map(
        (pair) => `${theme.length} ${pair.join(" on ")}`,
      );
    });
    expect(poor).toEqual([]);
  });

  it("don't move where somebody asked for less of that", async () => {
    const { page, close } = await opened({ reducedMotion: "reduce" });
    expect(await page.evaluate("document.getAnimations().length")).toBe(0);
    await close();
  });
});

const SURFACES = ["ground", "surface", "raised"];
const PAIRS: readonly (readonly [string, string])[] = [
  ...SURFACES.flatMap(
    (ground) =>
      [
        ["text", ground],
        ["quiet", ground],
      ] as const,
  ),
  ...["accent", "bad", "warn", "ok", "info"].flatMap(
    (name) =>
      [
        [name, "surface"],
        [name, `${name}-soft`],
      ] as const,
  ),
  ["on-accent", "accent"],
  ["on-bad", "bad"],
];

function contrast(one: string, other: string): number {
  const [a = 0, b = 0] = [luminance(one), luminance(other)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Of the page's own part, at most as many as a person would go through; pages keep changing while they are walked through. */
const MARK_REACHABLE = `(() => {
  const all = [...document.querySelectorAll("main button, main a, main input, main select, main summary, main [tabindex='0']")];
  const marked = all.filter((each) => each.checkVisibility()).slice(0, 25);
  for (const [index, each] of marked.entries()) {
    each.marked = String(index) + " " + (each.innerText || each.id || each.nodeName).slice(0, 40);
  }
  return marked.length;
})()`;
const FOCUSED = `(() => {
  const focused = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(focused);
  return [focused.marked ?? "", outlineStyle !== "none" && parseFloat(outlineWidth) >= 1];
})()`;

/** What a checker of pages would object to. */
const OBJECTIONS = `(() => {
  const found = [];
  const nameOf = (each) => each.getAttribute("aria-label") || each.innerText?.trim() || each.labels?.[0]?.innerText || each.getAttribute("aria-labelledby") || each.getAttribute("alt");
  for (const each of document.querySelectorAll("button, a, input, select, textarea, [role=button], nav, table, [role=img]"))
    if (!nameOf(each)) found.push("no name: " + each.outerHTML.slice(0, 120));
  for (const each of document.querySelectorAll("img")) if (each.getAttribute("alt") === null) found.push("no alt");
  const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.push("twice: #" + id);
  if (document.querySelectorAll("h1").length !== 1) found.push("not one h1");
  if (document.querySelectorAll("main").length !== 1) found.push("not one main");
  for (const each of document.querySelectorAll("[tabindex]")) if (each.tabIndex > 0) found.push("tabindex " + each.tabIndex);
  if (!document.documentElement.lang) found.push("no language");
  return found;
})()`;

describe("pages of the panel for those who don't see them", () => {
  it("name everything that can be used, have one heading and one main part each", async () => {
    const visited = await opened();
    const objections: string[] = [];
    for (const path of PATHS) {
      await goTo(visited.page, path);
      const found = await visited.page.evaluate<string[]>(OBJECTIONS);
      objections.push(...found.map((each) => `${path}: ${each}`));
    }
    expect(objections).toEqual([]);
    await visited.close();
  });
});

describe("markup in ids, data, errors and reasons", () => {
  it("is shown as text, and runs nowhere", async () => {
    const visited = await opened();
    const { page, troubles } = visited;
    await page.evaluate("globalThis.hacked = () => { globalThis.wasHacked = true }");
    const id = encodeURIComponent(`NO ${SCRIPT}`);
    const more = [
      `/stream/order%2F${id}?v=1`,
      `/saga/fulfilment/${id}`,
      `/rules/fraud?session=${encodeURIComponent(SCRIPT)}`,
      `/journal?text=${encodeURIComponent(SCRIPT)}`,
      `/projection/${encodeURIComponent(SCRIPT)}`,
    ];
    let shown = 0;
    for (const path of [...PATHS, ...more]) {
      await goTo(visited.page, path);
      if ((await page.locator("main").innerText()).includes("<img src=x")) shown += 1;
      expect(await page.locator("main img, main script, nav img").count()).toBe(0);
    }
    expect(shown).toBeGreaterThanOrEqual(8);
    expect(await page.evaluate("globalThis.wasHacked")).toBeUndefined();
    // The page of a rule session that is hidden or gone is asked for, and not there: that is a request's answer, not a script.
    expect(
      troubles.filter((each) => !each.includes("the server responded with a status of 4")),
    ).toEqual([]);
    await visited.close();
  });
});
