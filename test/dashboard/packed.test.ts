/** The panel as npm hands it out, and as the command line opens it. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { openMemoryRuntime } from "tidemark/testing";
import { describe, expect, it } from "vitest";
import { runCli } from "../support/cli-shell.js";
import { temporaryDirectory } from "../support/directories.js";
import { pack } from "../support/packed.js";

const PUBLIC = "src/dashboard/public";

const PROGRAM = `
  import { openMemoryRuntime } from "tidemark/testing";
  import { openDashboard } from "tidemark/dashboard";
  const runtime = await openMemoryRuntime({ aggregates: [] });
  const panel = await openDashboard(runtime);
  const statuses = {};
  for (const path of JSON.parse(process.argv[2])) {
    const response = await fetch(new URL(path, panel.url));
    statuses[path] = [response.status, response.headers.get("content-type").split(";")[0]];
  }
  console.log(JSON.stringify(statuses));
  await panel.close();
  await runtime.close();
`;

describe("the packed panel", () => {
  it("has all files of the page, and serves them from where it is installed", () => {
    const folder = temporaryDirectory();
    const { tarball, files } = pack(folder);
    const own = readdirSync(PUBLIC, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    expect(files.filter((path) => path.startsWith(PUBLIC)).sort()).toEqual(own.sort());

    const modules = join(folder, "node_modules");
    mkdirSync(modules);
    for (const name of readdirSync("node_modules"))
      if (name !== "tidemark" && !name.startsWith("."))
        symlinkSync(resolve("node_modules", name), join(modules, name));
    execFileSync("tar", ["-xzf", tarball, "-C", modules]);
    execFileSync("mv", [join(modules, "package"), join(modules, "tidemark")]);
    writeFileSync(join(folder, "main.mjs"), PROGRAM);
    const paths = ["/", "/app.js", "/tokens.css", "/icon.svg", "/pages/overview.js"];
    const printed = execFileSync(process.execPath, ["main.mjs", JSON.stringify(paths)], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(JSON.parse(printed)).toEqual({
      "/": [200, "text/html"],
      "/app.js": [200, "text/javascript"],
      "/tokens.css": [200, "text/css"],
      "/icon.svg": [200, "image/svg+xml"],
      "/pages/overview.js": [200, "text/javascript"],
    });
  });
});

describe("tidemark panel", () => {
  it("prints where it is, serves what a command would ask until it is interrupted, and only looks unless told", async () => {
    const runtime = await openMemoryRuntime({ aggregates: [] });
    const interruption = new AbortController();
    let may: unknown;
    const look = async (url: string) => {
      const [, token = ""] = url.trim().split("#token=");
      const response = await fetch(new URL("/api/info", url.trim()), {
        headers: { "x-tidemark-token": token },
      });
      ({ may } = (await response.json()) as { may: unknown });
      interruption.abort();
    };
    const { code, stdout, stderr } = await runCli(["panel", "--show-payloads"], {
      connect: () => Promise.resolve({ client: runtime.admin() }),
      interrupted: interruption.signal,
      onOutput: (output) => void look(output),
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{43}\n$/);
    expect(stderr).toBe("Open it in a browser; Ctrl-C ends it.\n");
    expect(may).toEqual({ change: false, payloads: true });
    await expect(fetch(new URL("/", stdout.trim()))).rejects.toThrow();
    await runtime.close();
  });

  it("refuses to change what no service runs, and says so", async () => {
    const runtime = await openMemoryRuntime({ aggregates: [] });
    const readOnly = "no service answers there";
    const { code, stdout, stderr } = await runCli(["panel", "--allow-changes"], {
      connect: () => Promise.resolve({ client: runtime.admin(), readOnly }),
    });
    expect([code, stdout, stderr]).toEqual([2, "", `${readOnly}\n`]);
    await runtime.close();
  });
});
