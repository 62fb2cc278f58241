import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { aggregate, openRuntime, type Runtime } from "tidemark";
import { MemoryDirectory, openMemoryRuntime } from "tidemark/testing";
import { MemoryKeys } from "../../journal/index.js";
import { built } from "../support/built.js";
import { temporaryDirectory } from "../support/directories.js";
import { runtimeHarness, storeKinds } from "../support/runtimes.js";
import { ANN, privacy, users, userView } from "./people.js";

const options = { aggregates: [users], projections: [userView], privacy };

const BEA = { email: "bea@example.org", name: "Bea Bloom" };

const register = async (runtime: Runtime, id: string, data: { email: string; name: string }) => {
  const answer = await runtime.ask(users, id, { type: "Register", data });
  return answer.status === "rejected" ? answer.code : answer.status;
};

interface Flat {
  readonly tenants: readonly { readonly id: string; readonly email: string }[];
  readonly bell: string;
  readonly number: string;
}

type FlatCommand = { readonly type: "Let"; readonly data: Flat };

type FlatEvent = { readonly type: "Let"; readonly data: Flat };

/** Several people claim something together and each for themselves, and the flat something of its own. */
const flats = aggregate<Flat, FlatCommand, FlatEvent>({
  name: "flat",
  initialState: () => ({ tenants: [], bell: "", number: "" }),
  decide: { Let: (_, data) => ({ type: "Let", data }) },
  evolve: { Let: (_, data) => data },
  personal: {
    Let: [
      {
        each: "tenants",
        subject: ({ id }: Flat["tenants"][number]) => id,
        fields: ["email"],
      },
    ],
  },
  claims: {
    "tenant-email": { personal: true, keys: ({ tenants }) => tenants.map(({ email }) => email) },
    couple: {
      personal: true,
      keys: ({ tenants }) => tenants.map(({ email }) => email.toUpperCase()).join("+") || null,
    },
    number: ({ number }) => number || null,
  },
});

const LET: Flat = {
  tenants: [
    { id: "ann", email: ANN.email },
    { id: "bea", email: BEA.email },
  ],
  bell: "2nd floor",
  number: "2a",
};

/** Placeholders break it. */
const brittle = aggregate<
  { readonly email: string },
  { readonly type: "Register"; readonly data: { readonly email: string } },
  { readonly type: "Registered"; readonly data: { readonly email: string } }
>({
  name: "brittle",
  initialState: () => ({ email: "" }),
  decide: { Register: (_, data) => ({ type: "Registered", data }) },
  evolve: { Registered: (_, { email }) => ({ email }) },
  personal: { Registered: ["email"] },
  claims: {
    domain: {
      personal: true,
      keys: ({ email }) => (email === "" ? null : (email.split("@") as [string, string])[1].trim()),
    },
  },
});

describe.each(storeKinds)("claims of a subject that is forgotten, in %s", (kind) => {
  it("are given back with the proof, and can be taken by somebody else, also after a reopening", async () => {
    const { open } = runtimeHarness(kind);
    let runtime = await open(options);
    await register(runtime, "u1", ANN);
    await register(runtime, "u2", BEA);
    const would = await runtime.privacy.forget("u1", { dryRun: true });
    expect(would).toMatchObject({ claims: { email: 1 }, claimsUnknown: [] });
    expect(await register(runtime, "u3", ANN)).toBe("email-taken");
    const done = await runtime.privacy.forget("u1");
    expect(done).toMatchObject({ claims: { email: 1 }, claimsUnknown: [] });
    expect(runtime.privacy.forgotten()).toMatchObject([{ subject: "u1", claims: { email: 1 } }]);
    expect(runtime.findClaim("email", ANN.email)).toBeUndefined();
    expect(runtime.findClaim("email", BEA.email)?.entityId).toBe("u2");
    runtime = await open(options);
    expect(runtime.findClaim("email", ANN.email)).toBeUndefined();
    expect(await register(runtime, "u3", ANN)).toBe("accepted");
    expect(await register(runtime, "u4", ANN)).toBe("email-taken");
    // Who was forgotten knows nothing of it any more, active as it is, and takes another.
    expect(await register(runtime, "u1", ANN)).toBe("email-taken");
    expect(await register(runtime, "u1", { ...ANN, email: "ann@example.net" })).toBe("accepted");
    runtime = await open(options);
    expect(runtime.findClaim("email", ANN.email)?.entityId).toBe("u3");
    expect(runtime.findClaim("email", "ann@example.net")?.entityId).toBe("u1");
  });

  it("agree with the state of an entity that is in memory when it happens, whatever it is asked next", async () => {
    const { open } = runtimeHarness(kind);
    const runtime = await open(options);
    await register(runtime, "u1", ANN);
    const forgetting = runtime.privacy.forget("u1");
    expect(await register(runtime, "u1", { ...ANN, email: "other@example.org" })).toBe("accepted");
    await forgetting;
    // Whether it came before or behind: then it is a subject that came again.
    const { email } = (await runtime.state(users, "u1")).state;
    const isBehind = email === "other@example.org";
    expect(isBehind || email === "[erased]").toBe(true);
    expect(runtime.findClaim("email", "other@example.org")?.entityId).toBe(
      isBehind ? "u1" : undefined,
    );
    expect(await register(runtime, "u2", ANN)).toBe("accepted");
    expect(await register(runtime, "u1", BEA)).toBe("accepted");
    expect(await register(runtime, "u3", { ...ANN, email: "other@example.org" })).toBe("accepted");
  });

  it("are never left over, however many commands come before it and meanwhile; each entity's are answered in order", async () => {
    const { open } = runtimeHarness(kind);
    let runtime = await open({ ...options, activationsMax: 3, askTimeoutMs: 100_000 });
    const ids = ["u1", "u2", "u3", "u4", "u5"];
    const emails: string[] = [];
    const versions = new Map(ids.map((id) => [id, [] as number[]]));
    const change = async (id: string) => {
      const email = `ann-${emails.length}@example.org`;
      emails.push(email);
      const answer = await runtime.ask(users, id, { type: "Register", data: { ...ANN, email } });
      if (answer.status === "accepted") versions.get(id)?.push(answer.version);
    };
    const asked: Promise<void>[] = [];
    const askAll = () => asked.push(...ids.map(change));
    askAll();
    await Promise.all(asked);
    const forgetting = runtime.privacy.forget("u1");
    for (let round = 0; round < 10; round++) {
      askAll();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all([...asked, forgetting]);
    for (const each of versions.values())
      expect(each).toEqual(Array.from({ length: asked.length / ids.length }, (_, n) => n + 1));
    expect(runtime.privacy.forgotten()).toHaveLength(1);
    for (let life = 0; life < 2; life++) {
      const states = await Promise.all(ids.map((id) => runtime.state(users, id)));
      const held = emails.filter((email) => runtime.findClaim("email", email) !== undefined);
      const shown = states.map(({ state }) => state.email).filter((email) => email !== "[erased]");
      expect(new Set(held)).toEqual(new Set(shown));
      runtime = await open(options);
    }
  });

  it("of several subjects go with the first of them; those of the others and of nobody stay", async () => {
    const { open } = runtimeHarness(kind);
    const parts = { aggregates: [flats], privacy };
    let runtime = await open(parts);
    expect(await runtime.ask(flats, "f1", { type: "Let", data: LET })).toMatchObject({
      status: "accepted",
    });
    const { claims } = await runtime.privacy.forget("ann");
    expect(claims).toEqual({ "tenant-email": 1, couple: 1 });
    for (let life = 0; life < 2; life++) {
      expect(runtime.findClaim("tenant-email", ANN.email)).toBeUndefined();
      expect(runtime.findClaim("tenant-email", BEA.email)?.entityId).toBe("f1");
      const couple = `${ANN.email}+${BEA.email}`.toUpperCase();
      expect(runtime.findClaim("couple", couple)).toBeUndefined();
      expect(runtime.findClaim("number", "2a")?.entityId).toBe("f1");
      runtime = await open(parts);
    }
    expect((await runtime.privacy.forget("bea")).claims).toEqual({ "tenant-email": 1 });
    expect(runtime.findClaim("tenant-email", BEA.email)).toBeUndefined();
  });

  it("aren't taken under the name of a placeholder, which several may have", async () => {
    const { open } = runtimeHarness(kind);
    const runtime = await open(options);
    await register(runtime, "u1", ANN);
    await register(runtime, "u2", BEA);
    for (const id of ["u1", "u2"]) await runtime.privacy.forget(id);
    for (const id of ["u1", "u2"]) {
      await runtime.ask(users, id, { type: "Leave" });
      expect(await register(runtime, id, { email: "[erased]", name: "" })).toBe("accepted");
    }
    expect(runtime.findClaim("email", "[erased]")).toBeUndefined();
  });

  it("stay where nobody can tell what they are, and the report names the entity", async () => {
    const { open } = runtimeHarness(kind);
    const runtime = await open({ aggregates: [users, brittle], privacy });
    await register(runtime, "u1", ANN);
    const data = { email: ANN.email };
    await runtime.ask(brittle, "u1", { type: "Register", data });
    const report = await runtime.privacy.forget("u1");
    expect(report).toMatchObject({ claims: { email: 1 }, claimsUnknown: ["brittle/u1"] });
    expect(runtime.privacy.has("u1")).toBe(false);
    expect(runtime.findClaim("domain", "example.org")?.entityId).toBe("u1");
  });

  it("that are more than a commit may change refuse the forgetting, and nothing is done", async () => {
    const { open } = runtimeHarness(kind);
    const runtime = await open({ aggregates: [flats], privacy, limits: { commitEventsMax: 4 } });
    const tenants = [1, 2].map((n) => ({ id: "ann", email: `ann-${n}@example.org` }));
    await runtime.ask(flats, "f1", { type: "Let", data: { ...LET, tenants } });
    const another = { ...LET, number: "3", tenants: [{ id: "ann", email: ANN.email }] };
    await runtime.ask(flats, "f2", { type: "Let", data: another });
    await expect(runtime.privacy.forget("ann")).rejects.toThrow("an array of 0 to 4 items");
    expect(runtime.privacy.has("ann")).toBe(true);
    expect((await runtime.state(flats, "f2")).state.tenants).toEqual(another.tenants);
  });
});

test("Claims that a forgetting gave back are the same in an index that is built anew from the log", async () => {
  const directory = temporaryDirectory();
  const open = () => openRuntime({ ...options, directory, freeBytesMin: 0 });
  let runtime = await open();
  await register(runtime, "u1", ANN);
  await register(runtime, "u2", BEA);
  await runtime.privacy.forget("u1");
  await runtime.close();
  expect((await built.verifyStore(directory)).problems).toEqual([]);
  rmSync(join(directory, "state"), { recursive: true });
  runtime = await open();
  expect(runtime.findClaim("email", ANN.email)).toBeUndefined();
  expect(runtime.findClaim("email", BEA.email)?.entityId).toBe("u2");
  expect(await register(runtime, "u3", ANN)).toBe("accepted");
  await runtime.close();
});

test("Claims of a subject whose forgetting was cut short behind the proof are free at once, and after it is finished", async () => {
  const directory = new MemoryDirectory();
  const parts = { ...options, directory };
  let runtime = await openMemoryRuntime(parts);
  await register(runtime, "u1", ANN);
  const rewrite = Object.getOwnPropertyDescriptor(MemoryKeys.prototype, "rewrite");
  Object.defineProperty(directory.keys, "rewrite", {
    configurable: true,
    value: () => Promise.reject(new Error("no space")),
  });
  await expect(runtime.privacy.forget("u1")).rejects.toThrow("no space");
  expect(await register(runtime, "u2", ANN)).toBe("accepted");
  await runtime.close();
  Object.defineProperty(directory.keys, "rewrite", rewrite as PropertyDescriptor);
  runtime = await openMemoryRuntime(parts);
  expect(directory.keys.find("u1")).toEqual([]);
  expect(runtime.findClaim("email", ANN.email)?.entityId).toBe("u2");
  expect(await register(runtime, "u1", { ...ANN, email: "ann@example.net" })).toBe("accepted");
  await runtime.close();
});
