/** Tenants from outside: their metrics, the command line on one of them, and who meets whom there. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openTenants, type Tenants, type TenantsOptions } from "tidemark";
import { prometheus } from "tidemark/telemetry";
import { afterEach, describe, expect, it } from "vitest";
import { Account, deposit } from "../support/account.js";
import { balancesOf } from "../support/balances.js";
import { runCli } from "../support/cli-shell.js";
import { temporaryDirectory } from "../support/directories.js";

const opened: Tenants[] = [];
const balances = balancesOf(1);

async function open(options: Partial<TenantsOptions> & { directory: string }): Promise<Tenants> {
  const tenants = await openTenants({
    ...{ aggregates: [Account], projections: [balances], freeBytesMin: 0 },
    ...options,
  });
  opened.push(tenants);
  return tenants;
}

afterEach(async () => {
  for (const tenants of opened.splice(0)) await tenants.close();
});

const pay = (tenants: Tenants, id: string) =>
  tenants.use(id, (runtime) => runtime.ask(Account, "a", deposit(5)));

describe("metrics of tenants", () => {
  it("are totals, with a series for each open one only where that is wanted", async () => {
    const tenants = await open({ directory: temporaryDirectory(), openMax: 2 });
    for (const id of ["a", "b", "c"]) tenants.create(id);
    for (const id of ["a", "b", "c"]) await pay(tenants, id);
    const { body } = await prometheus(tenants)();
    const lines = body.split("\n");
    for (const line of [
      "tidemark_tenants_known 3",
      "tidemark_tenants_open 2",
      "tidemark_tenants_in_use 0",
      "tidemark_tenants_failing 0",
      'tidemark_tenants_openings_total{outcome="opened"} 3',
      "tidemark_tenants_closed_total 1",
      "tidemark_tenants_opening_seconds_count 3",
      'tidemark_tenants_health{state="healthy"} 2',
    ])
      expect(lines).toContain(line);
    expect(body).not.toContain("tenant=");
    const each = await prometheus({ metrics: () => tenants.metrics({ byTenant: true }) })();
    expect(each.body).toMatch(/tidemark_tenant_disk_bytes\{tenant="c"\} [1-9]/);
    expect(each.body).not.toContain('tenant="a"');
  });
});

describe("options that belong to one journal", () => {
  it("are refused", async () => {
    const others = { remotes: [] } as object;
    await expect(open({ directory: temporaryDirectory(), ...others })).rejects.toMatchObject({
      code: "invalid-argument",
    });
  });
});

describe("the command line on a tenant's folder", () => {
  it("reads it whether it is open or closed, and changes go to whoever has it open", async () => {
    const directory = temporaryDirectory();
    const tenants = await open({ directory });
    tenants.create("a");
    const lease = await tenants.of("a");
    await lease.runtime.ask(Account, "a", deposit(5));
    const dir = ["--dir", join(directory, "t-a")];
    const paused = await runCli(["projections", "pause", "balances", ...dir, "--yes"]);
    expect(paused).toMatchObject({ code: 0 });
    expect(lease.runtime.status().projections["balances"]?.paused).toBe(true);
    expect((await runCli(["events", ...dir])).stdout).toContain("Deposited");
    lease.release();
    await tenants.close();
    expect((await runCli(["events", ...dir])).stdout).toContain("Deposited");
    const refused = await runCli(["projections", "resume", "balances", ...dir, "--yes"]);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("Nothing was done");
    // What is written to a closed one would hide its next work from its owner.
    expect(readFileSync(join(directory, "t-a", "due.json"), "utf8")).toContain("dueAtMs");
  });

  it("that is closed is looked at while its owner opens, uses and closes it", async () => {
    const directory = temporaryDirectory();
    const tenants = await open({ directory, openMax: 1 });
    for (const id of ["a", "b"]) tenants.create(id);
    for (const id of ["a", "b"]) await pay(tenants, id);
    const look = () => runCli(["events", "--dir", join(directory, "t-a")]);
    const both = await Promise.all([look(), pay(tenants, "a"), look(), pay(tenants, "b"), look()]);
    for (const seen of [both[0], both[2], both[4], await look()]) {
      expect(seen.code).toBe(0);
      expect(seen.stdout).toContain("Deposited");
    }
    expect(both[1]).toMatchObject({ status: "accepted" });
  });

  it("reaches tenants whose paths are too long for a socket, each its own", async () => {
    const directory = join(temporaryDirectory(), "x".repeat(60), "y".repeat(60));
    const tenants = await open({ directory });
    const long = (end: string) => `${"tenant".repeat(20)}${end}`;
    for (const end of ["a", "b"]) tenants.create(long(end));
    const leases = await Promise.all(["a", "b"].map((end) => tenants.of(long(end))));
    const path = join(directory, `t-${long("b")}`);
    const record = join(path, "control.path");
    expect(existsSync(record)).toBe(true);
    expect(Buffer.byteLength(readFileSync(record, "utf8"))).toBeLessThan(104);
    const dir = ["--dir", path, "--yes"];
    expect((await runCli(["projections", "pause", "balances", ...dir])).code).toBe(0);
    const paused = leases.map(({ runtime }) => runtime.status().projections["balances"]?.paused);
    for (const lease of leases) lease.release();
    expect(paused).toEqual([false, true]);
  });
});
