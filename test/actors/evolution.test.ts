import { aggregate, reject, upcaster, collection, projection, type Message } from "tidemark";
import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { runtimeHarness, storeKinds, type RuntimeHarness } from "../support/runtimes.js";

const unchanged = (state: object) => state;

/** An aggregate of yesterday: records whatever it is told to. */
const Yesterday = aggregate<object, { type: "Record"; data: { events: Message[] } }, Message>({
  name: "trip",
  initialState: () => ({}),
  decide: { Record: (_state: object, data: { events: Message[] }) => data.events },
  evolve: { Opend: unchanged, Deposited: unchanged, Moved: unchanged, Noted: unchanged },
  snapshots: false,
});

type TodayEvent =
  | { type: "Opened"; data: { owner: string } }
  | { type: "Deposited"; data: { cents: number; currency: string } }
  | { type: "Left"; data: { from: string } }
  | { type: "Arrived"; data: { at: string } };

const upcasters = {
  Opend: upcaster<{ who: string }>()
    .reshape(({ who }) => ({ owner: who }))
    .renameTo("Opened"),
  Deposited: upcaster<{ euros: number }>()
    .reshape(({ euros }) => ({ cents: euros * 100 }))
    .reshape(({ cents }) => ({ cents, currency: "EUR" })),
  Moved: upcaster<{ from: string; to: string }>().splitInto(["Left", "Arrived"], ({ from, to }) => [
    { type: "Left", data: { from } },
    { type: "Arrived", data: { at: to } },
  ]),
  Noted: upcaster().drop(),
};

const Today = aggregate<
  { log: string[] },
  { type: "Deposit"; data: { cents: number } },
  TodayEvent
>({
  name: "trip",
  initialState: () => ({ log: [] }),
  decide: {
    Deposit: (_state, { cents }) => ({ type: "Deposited", data: { cents, currency: "EUR" } }),
  },
  evolve: {
    Opened: ({ log }, { owner }) => ({ log: [...log, `opened by ${owner}`] }),
    Deposited: ({ log }, { cents, currency }) => ({ log: [...log, `${cents} ${currency}`] }),
    Left: ({ log }, { from }) => ({ log: [...log, `left ${from}`] }),
    Arrived: ({ log }, { at }) => ({ log: [...log, `arrived ${at}`] }),
  },
  upcasters,
});

const arrivals = projection({
  name: "arrivals",
  version: 1,
  from: [Today],
  collections: { arrivals: collection<{ at: string[] }>() },
  on: {
    Arrived: (event, { arrivals }) =>
      arrivals.update(event.entityId, (row = { at: [] }) => ({ at: [...row.at, event.data.at] })),
  },
});

describe.each(storeKinds)("events recorded in shapes of the past, on %s", (kind) => {
  it("are renamed, reshaped, split and dropped at read, by folds and projections, after a reopening", async () => {
    const harness = runtimeHarness(kind);
    let runtime = await harness.open({ aggregates: [Yesterday] });
    const events = [
      { type: "Opend", data: { who: "Ada" } },
      { type: "Deposited", data: { euros: 3 } },
      { type: "Moved", data: { from: "Delft", to: "Gent" } },
      { type: "Noted", data: { text: "nothing" } },
    ];
    await runtime.ask(Yesterday, "t", { type: "Record", data: { events } });
    runtime = await harness.open({ aggregates: [Today], projections: [arrivals] });
    const answer = await runtime.ask(Today, "t", { type: "Deposit", data: { cents: 5 } });
    expect(answer).toMatchObject({ version: 5, events: [{ shape: 3 }] });
    const log = ["opened by Ada", "300 EUR", "left Delft", "arrived Gent", "5 EUR"];
    expect((await runtime.state(Today, "t")).state).toEqual({ log });
    expect(await runtime.view(arrivals).get("t", { atLeast: runtime.head })).toEqual({
      at: ["Gent"],
    });
    runtime = await harness.open({ aggregates: [Today], projections: [arrivals] });
    expect((await runtime.state(Today, "t")).state).toEqual({ log });
    // What is stored is as it was.
    expect([...runtime.history(Today, "t")].map(({ type, shape }) => [type, shape])).toEqual([
      ["Opend", 1],
      ["Deposited", 1],
      ["Moved", 1],
      ["Noted", 1],
      ["Deposited", 3],
    ]);
  });

  it("fail the hydration with a clear word when written by newer code, and when a step throws", async () => {
    const harness = runtimeHarness(kind);
    let runtime = await harness.open({ aggregates: [Today] });
    await runtime.ask(Today, "t", { type: "Deposit", data: { cents: 5 } });
    const { Deposited: _two, ...others } = upcasters;
    const Older = variant({ ...others });
    runtime = await harness.open({ aggregates: [Older] });
    await expect(runtime.state(Older, "t")).rejects.toThrow(
      /shape 3, this version knows 1: it was written by newer code/,
    );
    const Throwing = variant({
      ...upcasters,
      Deposited: upcasters.Deposited.reshape(() => {
        throw new Error("oops");
      }) as never,
    });
    runtime = await harness.open({ aggregates: [Throwing] });
    await expect(
      runtime.ask(Throwing, "t", { type: "Deposit", data: { cents: 1 } }),
    ).rejects.toMatchObject({
      code: "hydration-failed",
      eventType: "Deposited",
      version: 1,
    });
  });
});

function variant(chains: object) {
  return aggregate<{ log: string[] }, { type: "Deposit"; data: { cents: number } }, TodayEvent>({
    name: "trip",
    initialState: () => ({ log: [] }),
    decide: {
      Deposit: (_state, { cents }) => ({ type: "Deposited", data: { cents, currency: "EUR" } }),
    },
    evolve: {
      Opened: (state) => state,
      Deposited: (state) => state,
      Left: (state) => state,
      Arrived: (state) => state,
    },
    upcasters: chains as Record<string, never>,
    snapshots: false,
  });
}

describe("upcasters, when the aggregate is defined", () => {
  it.each([
    [
      "a chain that ends nowhere",
      { Gone: upcaster().reshape((data) => data) },
      /ended by renameTo, splitInto or drop/,
    ],
    [
      "a type of the past that evolve still handles",
      { Opened: upcaster().drop() },
      /evolve still handles it/,
    ],
    [
      "a rename to a type nobody handles",
      { A: upcaster().renameTo("Nobody") },
      /types that evolve handles/,
    ],
    ["a circle", { A: upcaster().renameTo("B"), B: upcaster().renameTo("A") }, /without circles/],
    [
      "a shape that doesn't exist",
      { A: upcaster().renameTo("Opened", { shape: 2 }) },
      /a shape that exists/,
    ],
    ["something else than an upcaster", { A: {} }, /made by upcaster/],
  ])("are refused with %s", (_name, chains, message) => {
    expect(() => variant(chains)).toThrow(message);
  });

  it("are refused when a step follows the last one", () => {
    expect(() =>
      upcaster()
        .drop()
        .reshape(() => 1),
    ).toThrow(/without steps after its last one/);
  });
});

type UserCommand =
  | { type: "Register"; data: { email: string; name: string } }
  | { type: "Rename"; data: { email: string } }
  | { type: "Leave" }
  | { type: "Reserve"; data: { email: string; untilMs: number } };
type UserEvent =
  | { type: "Registered"; data: { email: string; name: string } }
  | { type: "EmailChanged"; data: { email: string } }
  | { type: "Left" }
  | { type: "Reserved"; data: { email: string; untilMs: number } };
interface UserState {
  readonly email: string | undefined;
  readonly name: string | undefined;
  readonly untilMs: number | undefined;
}

const User = aggregate<UserState, UserCommand, UserEvent>({
  name: "user",
  initialState: () => ({ email: undefined, name: undefined, untilMs: undefined }),
  decide: {
    Register: (state, data) =>
      state.email === undefined ? { type: "Registered", data } : reject("already-registered"),
    Rename: (_state, data) => ({ type: "EmailChanged", data }),
    Leave: () => ({ type: "Left" }),
    Reserve: (_state, data) => ({ type: "Reserved", data }),
  },
  evolve: {
    Registered: (state, { email, name }) => ({ ...state, email, name }),
    EmailChanged: (state, { email }) => ({ ...state, email }),
    Left: () => ({ email: undefined, name: undefined, untilMs: undefined }),
    Reserved: (state, { email, untilMs }) => ({ ...state, email, untilMs }),
  },
  claims: {
    email: ({ email, untilMs }) =>
      email === undefined
        ? undefined
        : untilMs === undefined
          ? email
          : { key: email, expiresAtMs: untilMs },
    name: ({ name }) => name,
  },
  snapshots: false,
});

describe.each(storeKinds)("claims of an aggregate, on %s", (kind) => {
  let harness: RuntimeHarness;
  beforeEach(() => void (harness = runtimeHarness(kind)));
  const register = (email: string, name: string): UserCommand => ({
    type: "Register",
    data: { email, name },
  });

  it("let exactly one of many concurrent commands win each key", async () => {
    const runtime = await harness.open({ aggregates: [User] });
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, n) =>
        runtime.ask(User, `u${n}`, register(`mail${n % 100}`, `name${n}`)),
      ),
    );
    expect(answers.filter(({ status }) => status === "accepted")).toHaveLength(100);
    const refused = answers.filter((answer) => answer.status === "rejected");
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(["email-taken"]));
    expect(runtime.head).toBe(100);
  });

  it("refuse only once the claim that they met is on disk", async () => {
    const runtime = await harness.open({ aggregates: [User] });
    // Both in memory, so that the second is refused while the first is on its way.
    await Promise.all(["a", "b"].map((id) => runtime.ask(User, id, register(`own-${id}`, id))));
    const rename = { type: "Rename", data: { email: "wanted" } } as const;
    const told: string[] = [];
    await Promise.all(
      ["a", "b"].map(async (id) => told.push((await runtime.ask(User, id, rename)).status)),
    );
    expect(told).toEqual(["accepted", "rejected"]);
  });

  it("give the old key back with the event that changes it, also after a reopening", async () => {
    let runtime = await harness.open({ aggregates: [User] });
    await runtime.ask(User, "a", register("one", "Ada"));
    await runtime.ask(User, "a", { type: "Rename", data: { email: "two" } });
    runtime = await harness.open({ aggregates: [User] });
    expect(await runtime.ask(User, "b", register("two", "Bob"))).toMatchObject({
      code: "email-taken",
      details: { claim: "email", key: "two" },
    });
    expect(await runtime.ask(User, "b", register("one", "Bob"))).toMatchObject({
      status: "accepted",
    });
    expect(await runtime.ask(User, "c", register("three", "Ada"))).toMatchObject({
      code: "name-taken",
    });
    await runtime.ask(User, "a", { type: "Leave" });
    expect(await runtime.ask(User, "c", register("two", "Ada"))).toMatchObject({
      status: "accepted",
    });
  });

  it("expire by themselves", async () => {
    const { ManualClock } = await import("tidemark/testing");
    const clock = new ManualClock(1_000);
    const runtime = await harness.open({ aggregates: [User], clock });
    await runtime.ask(User, "a", { type: "Reserve", data: { email: "one", untilMs: 5_000 } });
    expect(await runtime.ask(User, "b", register("one", "Bob"))).toMatchObject({
      code: "email-taken",
    });
    clock.setWall(5_000);
    expect(await runtime.ask(User, "b", register("one", "Bob"))).toMatchObject({
      status: "accepted",
    });
  });
});

describe.each(storeKinds)("who holds a claim, on %s", (kind) => {
  it("is told with the expiry, also after a reopening, and nobody once it is given up or has expired", async () => {
    const { ManualClock } = await import("tidemark/testing");
    const clock = new ManualClock(1_000);
    const harness = runtimeHarness(kind);
    let runtime = await harness.open({ aggregates: [User], clock });
    const data = { email: "one", name: "Ada/Lovelace" };
    await runtime.ask(User, "a/1", { type: "Register", data });
    await runtime.ask(User, "b", { type: "Reserve", data: { email: "two", untilMs: 5_000 } });
    runtime = await harness.open({ aggregates: [User], clock });
    const holder = { aggregate: "user", entityId: "a/1", expiresAtMs: undefined, position: 1 };
    expect(runtime.findClaim("email", "one")).toEqual(holder);
    expect(runtime.findClaim("name", "Ada/Lovelace")).toEqual(holder);
    const reserved = { aggregate: "user", entityId: "b", expiresAtMs: 5_000, position: 2 };
    expect(runtime.findClaim("email", "two")).toEqual(reserved);
    expect(runtime.findClaim("email", "three")).toBeUndefined();
    await runtime.ask(User, "a/1", { type: "Leave" });
    clock.setWall(5_000);
    expect(runtime.findClaim("email", "one")).toBeUndefined();
    expect(runtime.findClaim("email", "two")).toBeUndefined();
    expect(() => runtime.findClaim("e/mail", "one")).toThrow(/claim/);
    expect(() => runtime.findClaim("email", "")).toThrow(/key/);
  });
});

const Validated = aggregate<
  { cents: number },
  { type: "Deposit"; data: { cents: number } },
  { type: "Deposited"; data: { cents: number } }
>({
  name: "validated",
  initialState: () => ({ cents: 0 }),
  decide: { Deposit: (_state, { cents }) => ({ type: "Deposited", data: { cents } }) },
  evolve: { Deposited: (state, { cents }) => ({ cents: state.cents + cents }) },
  schemas: {
    commands: { Deposit: z.object({ cents: z.coerce.number().positive() }) },
    events: {
      Deposited: z.object({ cents: z.number().max(1_000), currency: z.string().default("EUR") }),
    },
    state: z.object({ cents: z.number().max(1_500) }),
  },
});

describe.each(storeKinds)("Standard Schemas, on %s", (kind) => {
  it("validate and complete commands and events, and guard the state", async () => {
    const runtime = await runtimeHarness(kind).open({ aggregates: [Validated] });
    const send = (cents: unknown) =>
      runtime.ask(Validated, "a", { type: "Deposit", data: { cents: cents as number } });
    expect(await send("900")).toMatchObject({
      status: "accepted",
      events: [{ data: { cents: 900, currency: "EUR" } }],
    });
    await expect(send(-1)).rejects.toMatchObject({
      code: "invalid-argument",
      argument: "data of command Deposit",
    });
    await expect(send(2_000)).rejects.toMatchObject({
      code: "decide-failed",
      cause: { argument: "data of event Deposited" },
    });
    await expect(send(700)).rejects.toMatchObject({
      code: "evolve-failed",
      cause: { argument: "state of validated" },
    });
    expect(runtime.head).toBe(1);
    expect(await send(1)).toMatchObject({ version: 2 });
  });

  it("are refused when they answer with a promise", async () => {
    const Late = aggregate<object, { type: "Go"; data: { n: number } }, { type: "Gone" }>({
      name: "late",
      initialState: () => ({}),
      decide: { Go: () => ({ type: "Gone" }) },
      evolve: { Gone: (state) => state },
      schemas: {
        commands: {
          Go: {
            "~standard": {
              version: 1,
              vendor: "test",
              validate: () => Promise.resolve({ value: 1 }),
            },
          },
        },
      },
    });
    const runtime = await runtimeHarness(kind).open({ aggregates: [Late] });
    await expect(runtime.ask(Late, "a", { type: "Go", data: { n: 1 } })).rejects.toThrow(
      /not with a promise/,
    );
  });
});
