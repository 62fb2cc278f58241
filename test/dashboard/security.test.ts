/** Who is let in and who isn't: one case a way in which somebody else could ask. */
import { hasCode, InvalidArgumentError } from "tidemark";
import { openDashboard, type Dashboard, type DashboardOptions } from "tidemark/dashboard";
import { afterEach, describe, expect, it } from "vitest";
import { openWithLimits, type DashboardLimits } from "../../src/dashboard/dashboard.js";
import { recordingClient, type RecordingClient } from "./recording-client.js";
import { ask, askChange, raw, type Asked } from "./requests.js";

const panels: Dashboard[] = [];
afterEach(async () => {
  for (const panel of panels.splice(0)) await panel.close();
});

interface Opened {
  readonly panel: Dashboard;
  readonly client: RecordingClient;
}

async function opened(
  options: DashboardOptions = {},
  limits: Partial<DashboardLimits> = {},
): Promise<Opened> {
  const client = recordingClient();
  const panel = await openWithLimits(client, options, limits);
  panels.push(panel);
  return { panel, client };
}

const TOKEN = "a-token-that-somebody-chose-0123456789";
const CERTIFICATE = { cert: "not looked at before it listens", key: "nor this" };

describe("where the panel listens", () => {
  it("is this machine only, by default", async () => {
    const { panel } = await opened();
    expect(new URL(panel.url).hostname).toBe("127.0.0.1");
  });

  it.each<[string, DashboardOptions]>([
    ["every address", { host: "0.0.0.0" }],
    ["every address of IPv6", { host: "::" }],
    ["every address, with a token", { host: "0.0.0.0", token: TOKEN }],
    ["every address, with TLS", { host: "0.0.0.0", tls: CERTIFICATE }],
    [
      "every address, with both, and no name by which it is asked",
      { host: "0.0.0.0", token: TOKEN, tls: CERTIFICATE },
    ],
    ["an address of the network", { host: "192.168.1.7" }],
    ["a name that may be anything", { host: "panel.example.com", token: TOKEN }],
    ["a name that begins like this machine's", { host: "127.0.0.1.example.com" }],
    ["a token that is easily guessed", { token: "secret" }],
    ["a token that is no header", { token: `${TOKEN}\r\nx: 1` }],
    ["a port that is none", { port: 70_000 }],
    ["a folder for backups that isn't a full path", { backupsTo: "backups" }],
    ["a folder for archives above where it was started", { archivesTo: "../archives" }],
  ])("refuses %s before anything listens", async (_case, options) => {
    await expect(openDashboard(recordingClient(), options)).rejects.toThrow(InvalidArgumentError);
  });

  it("keeps a token that it refuses out of the error", async () => {
    const error = await openDashboard(recordingClient(), { token: "hunter2-short" }).catch(
      (thrown: unknown) => thrown,
    );
    expect(hasCode(error, "invalid-argument")).toBe(true);
    expect(JSON.stringify(error) + String(error)).not.toContain("hunter2");
  });
});

describe("the token of the panel", () => {
  it("is 256 random bits, new at each start, and behind the # of the address", async () => {
    const [one, other] = [await opened(), await opened()];
    expect(Buffer.from(one.panel.token, "base64url")).toHaveLength(32);
    expect(one.panel.token).not.toBe(other.panel.token);
    const url = new URL(one.panel.url);
    expect(url.hash).toBe(`#token=${one.panel.token}`);
    expect(url.search).toBe("");
  });

  it.each<[string, Asked]>([
    ["none", { token: undefined }],
    ["a wrong one", { token: "x".repeat(43) }],
    ["an empty one", { token: "" }],
    [
      "a wrong one as Authorization",
      { token: undefined, headers: { authorization: "Bearer nonsense" } },
    ],
    ["a name and a password", { token: undefined, headers: { authorization: "Basic YTpi" } }],
    ["the right one as a cookie only", { token: undefined, headers: { cookie: "token=TOKEN" } }],
  ])("answers 401 to %s, and asks nobody", async (_case, asked) => {
    const { panel, client } = await opened();
    const text = JSON.stringify(asked).replace("TOKEN", panel.token);
    const answer = await ask(panel, "/api/overview", {
      token: undefined,
      ...(JSON.parse(text) as Asked),
    });
    expect(answer.status).toBe(401);
    expect(answer.text).not.toContain(panel.token);
    expect(client.calls).toEqual([]);
  });

  it("isn't taken from the address, where histories and logs would keep it", async () => {
    const { panel } = await opened();
    const { status } = await ask(panel, `/api/overview?token=${panel.token}`, { token: undefined });
    expect(status).toBe(401);
  });

  it("is taken as a header of its own, and as Authorization", async () => {
    const { panel } = await opened();
    const bearer = { token: undefined, headers: { authorization: `Bearer ${panel.token}` } };
    expect((await ask(panel, "/api/overview")).status).toBe(200);
    expect((await ask(panel, "/api/overview", bearer)).status).toBe(200);
  });

  it("can't be guessed: after some wrong ones nobody is let in for a while, not even with the right one", async () => {
    const { panel } = await opened({}, { failedTokens: { burst: 3, perSecond: 0 } });
    const statuses = [];
    for (let guess = 0; guess < 5; guess += 1)
      statuses.push((await ask(panel, "/api/overview", { token: `guess-${guess}` })).status);
    statuses.push((await ask(panel, "/api/overview")).status);
    expect(statuses).toEqual([401, 401, 401, 429, 429, 429]);
  });
});

describe("a page of another site", () => {
  it.each([
    "evil.example.com",
    "127.0.0.1.evil.example.com",
    "localhost.evil.com:80",
    "a b",
    "[::1",
    "user@localhost",
  ])("that was made to lead here by the name %j is answered 421 (DNS rebinding)", async (host) => {
    const { panel, client } = await opened();
    expect((await ask(panel, "/api/overview", { headers: { host } })).status).toBe(421);
    expect((await ask(panel, "/", { headers: { host } })).status).toBe(421);
    expect(client.calls).toEqual([]);
  });

  it("can't do without a name either", async () => {
    const { panel } = await opened();
    expect(await raw(panel, "GET / HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1\.1 421 /);
  });

  it("is told from the panel's own names, with and without a port", async () => {
    const { panel } = await opened({ allowedHosts: ["Panel.Example.com"] });
    for (const host of [
      "localhost",
      "LOCALHOST:9000",
      "127.0.0.1:1",
      "[::1]:80",
      "panel.example.com",
    ])
      expect((await ask(panel, "/", { headers: { host } })).status).toBe(200);
  });

  it.each([
    "http://evil.example.com",
    "null",
    "https://127.0.0.1:PORT",
    "http://127.0.0.1:1",
    "http://localhost:PORT",
  ])("whose origin is %s is answered 403", async (origin) => {
    const { panel, client } = await opened({ allowChanges: true });
    const headers = { origin: origin.replace("PORT", new URL(panel.url).port) };
    expect((await ask(panel, "/api/overview", { headers })).status).toBe(403);
    expect((await askChange(panel, "projection.pause", { name: "a" }, { headers })).status).toBe(
      403,
    );
    expect(client.calls).toEqual([]);
  });

  it.each(["cross-site", "same-site", "none"])(
    "is answered 403 where the browser says %s",
    async (site) => {
      const { panel } = await opened();
      const headers = { "sec-fetch-site": site, "sec-fetch-mode": "cors" };
      expect((await ask(panel, "/api/overview", { headers })).status).toBe(403);
      expect((await ask(panel, "/app.js", { headers })).status).toBe(403);
    },
  );

  it("may link to the panel's page, and to nothing else", async () => {
    const { panel } = await opened();
    const headers = {
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
    };
    expect((await ask(panel, "/", { headers })).status).toBe(200);
    expect((await ask(panel, "/api/overview", { headers })).status).toBe(403);
    expect(
      (await ask(panel, "/", { headers: { ...headers, "sec-fetch-dest": "iframe" } })).status,
    ).toBe(403);
  });

  it("is given no leave to ask (CORS), also when it asks for it first", async () => {
    const { panel } = await opened();
    const origin = new URL(panel.url).origin;
    const asked = {
      headers: { origin, "access-control-request-method": "POST" },
      method: "OPTIONS",
    };
    const answer = await ask(panel, "/api/overview", asked);
    expect(answer.status).toBe(405);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual(
      [],
    );
  });
});

describe("a file that the panel lets be written", () => {
  const FOLDERS = { allowChanges: true, backupsTo: "/backups", archivesTo: "/archives" };
  const COMPACT = { stream: "a/1" };

  it("stands in the folder that whoever opened the panel named, under the name that was given", async () => {
    const { panel, client } = await opened(FOLDERS);
    await askChange(panel, "backup", { name: "shop-2026.11_21", reason: "why" });
    await askChange(panel, "compact", { ...COMPACT, name: "a.ndjson.gz" });
    expect(client.calls.map(({ input }) => input)).toEqual([
      { to: "/backups/shop-2026.11_21", reason: "why" },
      { stream: "a/1", archiveTo: "/archives/a.ndjson.gz" },
    ]);
  });

  it("stands in a folder of another system where the runtime runs on one", async () => {
    const { panel, client } = await opened({ ...FOLDERS, backupsTo: "D:\\backups" });
    await askChange(panel, "backup", { name: "monday" });
    expect(client.calls[0]?.input).toEqual({ to: "D:\\backups\\monday" });
  });

  it.each<[string, object]>([
    ["no name", {}],
    ["a path", { to: "/etc/cron.d/x", archiveTo: "/etc/cron.d/x" }],
    ["a path beside a name", { name: "a", to: "/tmp/x", archiveTo: "/tmp/x" }],
    ["the folder above", { name: ".." }],
    ["a way up", { name: "../x" }],
    ["a way down", { name: "a/b" }],
    ["a way up of Windows", { name: "..\\x" }],
    ["a stream of Windows", { name: "a:b" }],
    ["a full path", { name: "/etc/passwd" }],
    ["an encoded path", { name: "..%2fx" }],
    ["a hidden file", { name: ".bashrc" }],
    ["an option", { name: "-rf" }],
    ["nothing", { name: "" }],
    ["a line break", { name: "a\n" }],
    ["a zero byte", { name: "a\u0000b" }],
    ["a novel", { name: "n".repeat(121) }],
    ["no text", { name: { $bytes: "YQ==" } }],
    ["a list", { name: ["a"] }],
  ])("isn't written where a browser gives %s", async (_case, input) => {
    const { panel, client } = await opened(FOLDERS);
    expect((await askChange(panel, "backup", input)).status).toBe(400);
    expect((await askChange(panel, "compact", { ...COMPACT, ...input })).status).toBe(400);
    expect(client.calls).toEqual([]);
  });

  it("isn't written where no folder was named, nor where the panel only looks", async () => {
    const { panel, client } = await opened({ allowChanges: true });
    for (const operation of ["backup", "compact"]) {
      const { status, text } = await askChange(panel, operation, { ...COMPACT, name: "a" });
      expect(status).toBe(409);
      expect(JSON.parse(text)).toMatchObject({ error: { code: "no-folder" } });
    }
    const looking = await opened({ ...FOLDERS, allowChanges: false });
    for (const operation of ["backup", "compact", "forget", "rotateKeys", "tombstone"])
      expect((await askChange(looking.panel, operation, { name: "a" })).status).toBe(403);
    expect([...client.calls, ...looking.client.calls]).toEqual([]);
  });

  it("has its folder told to the page, and nothing else of what the panel was opened with", async () => {
    const secrets = { token: TOKEN, metricsToken: `metrics-${TOKEN}` };
    const { panel, client } = await opened({ ...FOLDERS, ...secrets });
    client.answers.set("info", () => ({ may: { change: true, payloads: true } }));
    const { text } = await ask(panel, "/api/info");
    expect(JSON.parse(text)).toEqual({
      may: { change: true, payloads: false },
      folders: { backupsTo: "/backups", archivesTo: "/archives" },
    });
  });
});

describe("a change over the panel", () => {
  it("is answered 403 by default, and reaches nobody", async () => {
    const { panel, client } = await opened();
    const answer = await askChange(panel, "projection.rebuild", { name: "a" });
    expect(answer.status).toBe(403);
    expect(JSON.parse(answer.text)).toMatchObject({ error: { code: "read-only" } });
    expect(client.calls).toEqual([]);
  });

  it("is carried out where the panel was opened for it, with who asked", async () => {
    const { panel, client } = await opened({ allowChanges: true });
    const headers = { "x-tidemark-by": encodeURIComponent("Zoë") };
    const { status } = await askChange(
      panel,
      "projection.rebuild",
      { name: "a", reason: "why" },
      { headers },
    );
    expect(status).toBe(200);
    expect(client.calls).toEqual([
      { operation: "projection.rebuild", input: { name: "a", reason: "why" }, by: "Zoë" },
    ]);
  });

  it.each<[string, number, Asked]>([
    ["asked for with GET", 405, { method: "GET", body: "" }],
    ["asked for with PUT", 405, { method: "PUT" }],
    ["without its header, as a form would send it", 403, { headers: { "x-tidemark-change": "" } }],
    ["without a token", 401, { token: undefined }],
    ["sent as text, which any page may send", 415, { headers: { "content-type": "text/plain" } }],
    ["sent as a form", 415, { headers: { "content-type": "application/x-www-form-urlencoded" } }],
    ["that is no JSON", 400, { body: "{" }],
    ["that is a list", 400, { body: "[1]" }],
    ["that is nothing", 400, { body: "" }],
    ["with a name that isn't encoded", 400, { headers: { "x-tidemark-by": "%" } }],
    ["with a name that is a novel", 400, { headers: { "x-tidemark-by": "n".repeat(101) } }],
  ])("%s is answered %i", async (_case, status, asked) => {
    const { panel, client } = await opened({ allowChanges: true });
    expect((await askChange(panel, "projection.pause", { name: "a" }, asked)).status).toBe(status);
    expect(client.calls).toEqual([]);
  });

  it("that is too long is answered 413, whether it says so or not", async () => {
    const { panel, client } = await opened({ allowChanges: true }, { bodyBytesMax: 1_000 });
    const body = JSON.stringify({ name: "a".repeat(2_000) });
    expect((await askChange(panel, "projection.pause", {}, { body })).status).toBe(413);
    const headers = { "transfer-encoding": "chunked" };
    expect((await askChange(panel, "projection.pause", {}, { body, headers })).status).toBe(413);
    expect(client.calls).toEqual([]);
  });

  it.each([
    '{"__proto__":{"polluted":1}}',
    '{"a":{"constructor":{"prototype":{"polluted":1}}}}',
    '{"\\u005f_proto__":{"polluted":1}}',
  ])("that reaches for a prototype (%s) is refused, and changes none", async (body) => {
    const { panel, client } = await opened({ allowChanges: true });
    expect((await askChange(panel, "projection.pause", {}, { body })).status).toBe(400);
    expect((await ask(panel, `/api/overview?input=${encodeURIComponent(body)}`)).status).toBe(400);
    expect(client.calls).toEqual([]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe("a path of the panel", () => {
  it.each([
    "/../package.json",
    "/..%2fpackage.json",
    "/%2e%2e/package.json",
    "/%2e%2e%2f%2e%2e%2fetc/passwd",
    "/..\\..\\package.json",
    "/..%5cpackage.json",
    "/lib/../../dashboard.ts",
    "/app.js%00.html",
    "/lib",
    "/lib/",
    "//etc/passwd",
    "/__proto__",
    "/constructor",
    "/.git/config",
    "http://127.0.0.1/app.js",
  ])("%s leads to no file", async (path) => {
    const { panel } = await opened();
    expect((await ask(panel, path)).status).toBe(404);
  });

  it.each([
    "/api/constructor",
    "/api/__proto__",
    "/api/toString",
    "/api/",
    "/api/overview/..",
    "/api/nothing",
  ])("%s is no operation", async (path) => {
    const { panel, client } = await opened({ allowChanges: true });
    expect((await ask(panel, path)).status).toBe(404);
    expect(client.calls).toEqual([]);
  });

  it.each(["POST", "PUT", "DELETE", "PATCH"])("isn't taken with %s", async (method) => {
    const { panel } = await opened();
    const answer = await ask(panel, "/", { method });
    expect(answer.status).toBe(405);
    expect(answer.headers["allow"]).toBe("GET, HEAD");
    expect((await ask(panel, "/api/overview", { method })).status).toBe(405);
  });
});

describe("what the panel answers", () => {
  it("carries headers with which a browser runs nothing but its own files and shows it in no frame", async () => {
    const { panel } = await opened();
    for (const path of [
      "/",
      "/app.js",
      "/tokens.css",
      "/api/overview",
      "/nothing",
      "/api/nothing",
    ]) {
      const { headers } = await ask(panel, path);
      const policy = String(headers["content-security-policy"]);
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain("unsafe");
      expect(headers).toMatchObject({
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
      });
    }
  });

  it("has no script and no style within its page", async () => {
    const { panel } = await opened();
    const { text } = await ask(panel, "/");
    expect(text).not.toMatch(/<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|https?:\/\//);
  });

  it("tells nothing of a failure that isn't meant for anybody", async () => {
    const { panel, client } = await opened();
    client.answers.set("overview", () => {
      throw new Error("at secret-canary: connection to db://user:password@host");
    });
    const answer = await ask(panel, "/api/overview");
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain("canary");
    expect(answer.text).not.toContain("password");
  });

  it("repeats nothing of what it couldn't read", async () => {
    const { panel } = await opened({ allowChanges: true });
    const { text } = await askChange(panel, "projection.pause", {}, { body: '{"secret-canary' });
    expect(text).not.toContain("canary");
  });

  it("leaves out what users recorded where payloads aren't shown, whatever it is given", async () => {
    const { panel, client } = await opened();
    const event = {
      position: 1,
      type: "Paid",
      data: { card: "canary-4111" },
      headers: { h: "canary" },
    };
    client.answers.set("events", () => ({ events: [event] }));
    client.answers.set("state", () => ({ stream: "a/1", state: { card: "canary-4111" } }));
    client.answers.set("diff", () => ({
      changes: [{ path: "card", before: "canary-1", after: "canary-2" }],
    }));
    client.answers.set("saga.instance", () => ({
      context: { card: "canary" },
      commands: [{ command: { type: "Pay", data: "canary" } }],
    }));
    client.answers.set("projection.documents", () => ({
      documents: [{ id: "1", document: "canary" }],
    }));
    for (const operation of ["events", "state", "diff", "saga.instance", "projection.documents"]) {
      const { status, text } = await ask(panel, `/api/${operation}`);
      expect(status).toBe(200);
      expect(text).not.toContain("canary");
      expect(text).toContain('"hidden":true');
    }
  });
});

describe("one who asks too much of the panel", () => {
  it("is answered 429", async () => {
    const { panel } = await opened({}, { requests: { burst: 5, perSecond: 0 } });
    const statuses = [];
    for (let each = 0; each < 7; each += 1) statuses.push((await ask(panel, "/")).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
  });

  it("has only so many pages kept up to date", async () => {
    const { panel } = await opened({}, { streamsMax: 1 });
    const url = new URL(`/api/live?input=${encodeURIComponent('[["overview",{}]]')}`, panel.url);
    const first = await fetch(url, { headers: { "x-tidemark-token": panel.token } });
    expect(first.status).toBe(200);
    expect((await ask(panel, url.pathname + url.search)).status).toBe(429);
    await first.body?.cancel();
  });

  it("loses the connection where the headers never end (slowloris)", async () => {
    const { panel } = await opened({}, { headersTimeoutMs: 200 });
    expect(await raw(panel, "GET / HTTP/1.1\r\nhost: localhost\r\nx-slow: ")).toMatch(
      /^HTTP\/1\.1 408 /,
    );
  });

  it("loses the connection where the body never comes", async () => {
    const { panel, client } = await opened(
      { allowChanges: true },
      { headersTimeoutMs: 200, requestTimeoutMs: 300 },
    );
    const head = `POST /api/projection.pause HTTP/1.1\r\nhost: localhost\r\nx-tidemark-token: ${panel.token}\r\nx-tidemark-change: 1\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{`;
    await raw(panel, head);
    expect(client.calls).toEqual([]);
  });

  it("is refused headers without end", async () => {
    const { panel } = await opened();
    expect(
      await raw(panel, `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${"a".repeat(20_000)}\r\n\r\n`),
    ).toMatch(/^HTTP\/1\.1 431 /);
  });
});

describe("metrics of the panel", () => {
  const metrics = () =>
    Promise.resolve({ contentType: "text/plain; version=0.0.4", body: "up 1\n" });
  const metricsToken = "a-token-for-metrics-only-0123456789";

  it("aren't there unless they were given", async () => {
    const { panel } = await opened();
    expect((await ask(panel, "/metrics")).status).toBe(404);
  });

  it("open with either token, whose own opens nothing else", async () => {
    const { panel } = await opened({ metrics, metricsToken });
    expect((await ask(panel, "/metrics")).text).toBe("up 1\n");
    const collector = { token: undefined, headers: { authorization: `Bearer ${metricsToken}` } };
    const answer = await ask(panel, "/metrics", collector);
    expect(answer).toMatchObject({ status: 200, text: "up 1\n" });
    expect(answer.headers["content-type"]).toBe("text/plain; version=0.0.4");
    expect((await ask(panel, "/api/overview", collector)).status).toBe(401);
    expect((await ask(panel, "/metrics", { token: undefined })).status).toBe(401);
    expect((await ask(panel, "/metrics", { method: "POST" })).status).toBe(405);
  });
});
