/** One browser for the tests of a file, and pages of it that note what went wrong in them. */
import {
  chromium,
  type Browser,
  type BrowserContextOptions,
  type Locator,
  type Page,
} from "playwright-core";
import { chromiumProgram } from "../support/chromium-program.js";

/** @throws Error - None is installed, and how to install one. */
export function openBrowser(): Promise<Browser> {
  const executablePath = chromiumProgram();
  if (executablePath === undefined)
    throw new Error(
      "these tests need Chromium: apt-get install chromium, or say where one is with CHROMIUM=/path/to/chromium",
    );
  // Its sandbox refuses to run as root, as tests in containers do.
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ executablePath, args });
}

export interface Visit {
  readonly page: Page;
  /** Errors of scripts, refusals by the content policy, and failed requests. */
  readonly troubles: string[];
  close(): Promise<void>;
}

/** A tab with nothing in its storage. */
export async function visit(browser: Browser, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  // A machine that is busy is no failure.
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on("pageerror", (error) => troubles.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") troubles.push(`console: ${message.text()}`);
  });
  return { page, troubles, close: () => context.close() };
}

/** Goes to a part of the panel without loading it anew, and waits until it has what it asked for. */
export async function goTo(page: Page, path: string): Promise<void> {
  await page.evaluate((hash) => {
    (globalThis as unknown as { location: { hash: string } }).location.hash = hash;
  }, path);
  const [shown = ""] = path.split("?");
  await page.locator(`main[data-path=${JSON.stringify(shown)}]`).waitFor();
  await page.locator("main", { hasText: "Reading…" }).waitFor({ state: "detached" });
}

/** Presses a button, and answers what the dialog asks, as somebody would; the dialog is still there. */
export async function pressed(page: Page, within: string, button: string): Promise<Locator> {
  await page.locator(within).getByRole("button", { name: button, exact: true }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason").fill("mended in 4.2.1");
  await dialog.getByLabel("Your name").fill("Grace");
  await dialog.locator("button[type=submit]").click();
  return dialog;
}

/** As `pressed`, until it is done. */
export async function press(page: Page, within: string, button: string): Promise<void> {
  const dialog = await pressed(page, within, button);
  await dialog.waitFor({ state: "detached" });
}
