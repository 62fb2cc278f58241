import { request } from "node:https";
import { readFileSync } from "node:fs";
import { openMemoryRuntime } from "tidemark/testing";
import { describe, expect, it, vi } from "vitest";
import { openForMe, openForOthers, openWithFolders } from "../../../examples/guides/panel.js";
import { selfSigned } from "../../dashboard/self-signed.js";

describe("docs/guides/panel.md", () => {
  it("opens a panel on this machine that may change things, and prints where it is", async () => {
    const runtime = await openMemoryRuntime({ aggregates: [] });
    const printed = vi.spyOn(console, "log").mockImplementation(() => undefined);
    const panel = await openForMe(runtime);
    expect(printed.mock.calls).toEqual([[`Panel: ${panel.url}`]]);
    printed.mockRestore();
    const headers = { "x-tidemark-token": panel.token };
    const response = await fetch(new URL("/api/info", panel.url), { headers });
    expect(await response.json()).toMatchObject({ may: { change: true, payloads: true } });
    await panel.close();
    await runtime.close();
  });

  it("opens one that names folders for what it writes", async () => {
    const runtime = await openMemoryRuntime({ aggregates: [] });
    const panel = await openWithFolders(runtime);
    const headers = { "x-tidemark-token": panel.token };
    const response = await fetch(new URL("/api/info", panel.url), { headers });
    expect(await response.json()).toMatchObject({
      may: { change: true, payloads: false },
      folders: { backupsTo: "/backups/shop", archivesTo: "/archives/shop" },
    });
    await panel.close();
    await runtime.close();
  });

  it("opens one for others over TLS, under the name they know it by, with metrics", async () => {
    const runtime = await openMemoryRuntime({ aggregates: [] });
    const [token, metricsToken] = ["t".repeat(40), "m".repeat(40)];
    const { cert, key } = selfSigned("panel.example.com");
    const panel = await openForOthers(runtime, { token, metricsToken, cert, key });
    const { port } = new URL(panel.url);
    const get = (host: string, path: string, given: string) =>
      new Promise<string>((resolve, reject) => {
        const headers = { host, authorization: `Bearer ${given}` };
        const options = { port, path, headers, ca: cert, servername: "panel.example.com" };
        request({ ...options, host: "127.0.0.1" }, (response) => {
          let text = `${response.statusCode} `;
          response.on("data", (part: Buffer) => (text += part.toString()));
          response.on("end", () => resolve(text));
        })
          .on("error", reject)
          .end();
      });
    expect(panel.url).toMatch(/^https:/);
    expect(await get("panel.example.com:7070", "/metrics", metricsToken)).toMatch(
      /^200 [\s\S]*tidemark_journal_head_position/,
    );
    expect(await get("panel.example.com", "/api/info", token)).toContain('"change":false');
    expect(await get("other.example.com", "/api/info", token)).toMatch(/^421 /);
    await panel.close();
    await runtime.close();
  });

  it("shows pictures that are there, each small enough for a page", () => {
    const page = readFileSync("docs/guides/panel.md", "utf8");
    const pictures = [...page.matchAll(/\(\.\.\/panel\/([\w-]+\.png)\)/g)].map(([, name]) => name);
    expect(pictures.length).toBeGreaterThan(10);
    for (const name of pictures)
      expect(readFileSync(`docs/panel/${name ?? ""}`).length).toBeLessThan(120 * 1024);
  });
});
