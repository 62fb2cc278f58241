import fc from "fast-check";
import { aggregate, openRuntime, reject } from "tidemark";
import { given, ManualClock, MemoryDirectory, openMemoryRuntime } from "tidemark/testing";
import { describe, expect, it } from "vitest";
import { checkHolders } from "../../examples/users/expected.js";
import { emailKey, userNameKey } from "../../examples/users/normalise.js";
import { create, signUp, signUps } from "../../examples/users/traffic.js";
import { RESERVED_FOR_MS, User } from "../../examples/users/user.js";
import { temporaryDirectory } from "../support/directories.js";
import { outcomeOf, startExample, startProgram } from "../support/programs.js";
import { randomFrom } from "../support/random.js";

const SERVICE = "examples/users/users-process.js";
const SEED = Number(process.env["SEED"] ?? 20_263);
const KILLS = 6;
const SIZE = { people: 6_000, addresses: 600 };

describe("the users example", () => {
  it("gives 100 addresses to 100 of 1,000, frees what is given up, and loses and doubles nothing when killed", async () => {
    const { output, code } = await startExample("users", ["--ci"]).ended;
    for (const line of [
      "1,000 people at once want 100 addresses",
      "1,000 accepted: 900 too many",
      "100 shown, 900 told yes and then parked",
      "100 accepted, 900 rejected with email-taken",
      "a day later    emil: accepted; dora, too late: email-taken",
      "1,000 users have 1,000 addresses",
    ])
      expect(output).toContain(line);
    expect(output).toMatch(/Killed after \d+ answers: [1-9]\d* accepted, 0 of them lost/);
    expect(outcomeOf(output)).toMatchObject({
      "accepted of all at once": "100",
      "rejected with email-taken": "900",
      "users in the end": "1000",
    });
    expect(code, output).toBe(0);
  });

  it(`keeps every answer it gave when it is killed at ${KILLS} random points and started again`, async () => {
    const random = randomFrom(SEED);
    const directory = temporaryDirectory();
    const args = [directory, String(SIZE.people), String(SIZE.addresses)];
    const accepted = new Set<string>();
    for (let n = 0; n <= KILLS; n++) {
      const program = startProgram(SERVICE, args);
      // Those who were answered before are answered again, first.
      const answersMax = (SIZE.people * (n + 1)) / (KILLS + 4);
      if (n < KILLS)
        program.killAfter(1 + Math.floor(random() * answersMax), /^(accepted|rejected) user-\d+$/);
      const { output, signal, code } = await program.ended;
      if (n < KILLS) expect(signal, `kill ${n} of seed ${SEED}: ${output}`).toBe("SIGKILL");
      else expect(code, output).toBe(0);
      for (const [, userId = ""] of output.matchAll(/^accepted (user-\d+)$/gm))
        accepted.add(userId);
      const runtime = await openRuntime({ directory, aggregates: [User], freeBytesMin: 0 });
      const { emails } = checkHolders(runtime);
      const users = new Set(emails.values());
      expect([...accepted].filter((userId) => !users.has(userId))).toEqual([]);
      for (const [, told = ""] of output.matchAll(/^rejected user-(\d+)$/gm)) {
        const { email } = signUp(Number(told), SIZE);
        expect(runtime.findClaim("email", emailKey(email) ?? "")).toBeDefined();
      }
      if (n === KILLS) expect([...accepted].sort()).toEqual([...users].sort());
      if (n === KILLS) expect(emails.size).toBe(SIZE.addresses);
      await runtime.close();
    }
  });
});

describe("keys of e-mail addresses", () => {
  it.each([
    ["capitals", "Ada@Example.ORG", "ada@example.org"],
    ["blanks around it", "  ada@example.org\n", "ada@example.org"],
    ["letters with accents in two parts", "e\u0301va@example.org", "\u00e9va@example.org"],
    ["full-width letters", "ａｄａ@example.org", "ada@example.org"],
    ["a domain beyond ASCII", "ada@bücher.example", "ada@xn--bcher-kva.example"],
    ["a dot behind the domain", "ada@example.org.", "ada@example.org"],
    ["an at in the local part that isn't one", "ada＠example.org", "ada@example.org"],
  ])("are the same with %s", (_what, address, key) => {
    expect(emailKey(address)).toBe(key);
  });

  it.each(["", "ada", "@example.org", "ada@", "ada@example", "a b@example.org", "a@b@example.org"])(
    "aren't there for %j, which isn't an address",
    (address) => {
      expect(emailKey(address)).toBeUndefined();
    },
  );

  it("are taken by the journal, and are their own keys, whatever was typed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 120 }), (local) => {
        const key = emailKey(`${local}@example.org`);
        if (key === undefined) return;
        expect(emailKey(key)).toBe(key);
        expect(key.normalize("NFC")).toBe(key);
        expect(Buffer.byteLength(key)).toBeLessThanOrEqual(254);
      }),
    );
  });
});

describe("user names", () => {
  it("are plain, and the same in capitals", () => {
    expect(userNameKey(" Ada_L ")).toBe("ada_l");
    expect(userNameKey("pаypal")).toBeUndefined();
    expect(userNameKey("ab")).toBeUndefined();
  });
});

describe("a reservation", () => {
  it("is prolonged by asking again, and made good by creating the user, also when it has run out and nobody came", async () => {
    const clock = new ManualClock();
    const directory = new MemoryDirectory();
    const open = () => openMemoryRuntime({ directory, aggregates: [User], clock });
    let runtime = await open();
    const reserve = { type: "Reserve", data: { email: "ada@example.org" } } as const;
    await runtime.ask(User, "ada", reserve);
    await clock.advance(RESERVED_FOR_MS / 2);
    await runtime.ask(User, "ada", reserve);
    await clock.advance(RESERVED_FOR_MS - 1);
    await runtime.close();
    runtime = await open();
    expect(runtime.findClaim("email", "ada@example.org")).toMatchObject({ entityId: "ada" });
    await clock.advance(1);
    expect(runtime.findClaim("email", "ada@example.org")).toBeUndefined();
    const form = { userId: "ada", name: "ada", email: "ADA@example.org" };
    expect(await create(runtime, form)).toMatchObject({ status: "accepted" });
    await clock.advance(10 * RESERVED_FOR_MS);
    const holder = { entityId: "ada", expiresAtMs: undefined };
    expect(runtime.findClaim("email", "ada@example.org")).toMatchObject(holder);
    await runtime.close();
  });

  it("isn't for whoever has an account", () => {
    const name = { text: "Ada", key: "ada" };
    const email = { text: "ada@example.org", key: "ada@example.org" };
    given(User, [{ type: "UserCreated", data: { name, email } }])
      .when({ type: "Reserve", data: { email: "other@example.org" } })
      .thenRejected("created-already");
  });
});

describe("sign-ups whose ids repeat", () => {
  it("are one user, told the same", async () => {
    const runtime = await openMemoryRuntime({ aggregates: [User] });
    const [form] = signUps({ people: 1, addresses: 1 });
    if (form === undefined) throw new Error("nobody signs up");
    const [first, second] = await Promise.all([create(runtime, form), create(runtime, form)]);
    expect([first, second].map(({ status }) => status)).toEqual(["accepted", "accepted"]);
    expect(runtime.head).toBe(1);
    await runtime.close();
  });
});

interface Member {
  readonly name: string;
  /** Undefined until the name was claimed. */
  readonly key: string | undefined;
}
type MemberCommand = { type: "Join"; data: { name: string } } | { type: "ClaimName" };
type MemberEvent =
  { type: "Joined"; data: { name: string } } | { type: "NameClaimed"; data: { key: string } };

/** The aggregate before there were claims, and with one that came later. */
const membersOf = (claims: boolean) =>
  aggregate<Member, MemberCommand, MemberEvent>({
    name: "member",
    initialState: () => ({ name: "", key: undefined }),
    decide: {
      Join: (_member, data) => {
        const joined = { type: "Joined", data } as const;
        return claims ? [joined, { type: "NameClaimed", data: { key: data.name } }] : joined;
      },
      ClaimName: ({ name, key }) => {
        if (name === "") return reject("no-such-member");
        return key === undefined ? { type: "NameClaimed", data: { key: name } } : [];
      },
    },
    evolve: {
      Joined: (member, { name }) => ({ ...member, name }),
      NameClaimed: (member, { key }) => ({ ...member, key }),
    },
    ...(claims ? { claims: { name: ({ key }: Member) => key } } : {}),
  });

describe("a claim that comes later than its entities", () => {
  it("is taken by a command to each of them, and whoever shares a name is told", async () => {
    const directory = new MemoryDirectory();
    const Before = membersOf(false);
    let runtime = await openMemoryRuntime({ directory, aggregates: [Before] });
    for (const [id, name] of [
      ["a", "ada"],
      ["b", "bob"],
      ["c", "ada"],
    ] as const)
      await runtime.ask(Before, id, { type: "Join", data: { name } });
    await runtime.close();

    const After = membersOf(true);
    runtime = await openMemoryRuntime({ directory, aggregates: [After] });
    expect(runtime.findClaim("name", "ada")).toBeUndefined();
    const told: unknown[] = [];
    for (const id of ["a", "b", "c"]) {
      const answer = await runtime.ask(After, id, { type: "ClaimName" });
      told.push(answer.status === "rejected" ? answer.code : answer.status);
    }
    expect(told).toEqual(["accepted", "accepted", "name-taken"]);
    const late = await runtime.ask(After, "d", { type: "Join", data: { name: "bob" } });
    expect(late).toMatchObject({ status: "rejected", code: "name-taken" });
    await runtime.close();
  });
});
