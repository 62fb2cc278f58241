import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { aggregate, type PersonalDeclaration } from "tidemark";
import { MemoryDirectory, openMemoryRuntime } from "tidemark/testing";
import { decode, encode } from "../../journal/index.js";
import {
  jointKeyOf,
  leafKeyOf,
  openLeaf,
  SealBrokenError,
  sealLeaf,
  type Leaf,
} from "../../src/kernel/leaf-cipher.js";
import { PersonalValues } from "../../src/kernel/personal-values.js";
import { Sealed } from "../../src/kernel/sealed.js";
import { privacy } from "./people.js";

const keyOf = (subject: string) =>
  leafKeyOf({ subject, keyId: `key-of-${subject}` }, "store", Buffer.alloc(32, subject));

const leaves: fc.Arbitrary<Leaf> = fc.oneof(
  fc.string({ unit: "grapheme" }).filter((text) => text.isWellFormed()),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }),
  fc.boolean(),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
);

describe("A sealed leaf", () => {
  test("is opened as what it was, behind the codec, and is the same bytes each time", () => {
    fc.assert(
      fc.property(
        leaves,
        fc.uniqueArray(fc.constantFrom("a", "b", "c"), { minLength: 1 }),
        (leaf, subjects) => {
          const key = jointKeyOf(subjects.map(keyOf));
          const sealed = decode(encode({ leaf: sealLeaf(key, leaf) })) as { leaf: Sealed };
          const again = jointKeyOf(subjects.toReversed().map(keyOf));
          expect(openLeaf(again, sealed.leaf)).toEqual(leaf);
          expect(encode(sealLeaf(again, leaf))).toEqual(encode(sealed.leaf));
        },
      ),
    );
  });

  test("isn't opened by another key, nor where a bit of it or its subject was changed", () => {
    const sealed = sealLeaf(keyOf("a"), "something to hide");
    expect(() => openLeaf(keyOf("b"), sealed)).toThrow(SealBrokenError);
    const { keys, storeId, kind, nonce, box } = sealed;
    for (let at = 0; at < box.length; at++) {
      const changed = Buffer.from(box);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => openLeaf(keyOf("a"), new Sealed(keys, storeId, kind, nonce, changed))).toThrow(
        SealBrokenError,
      );
    }
    const renamed = [{ subject: "b", keyId: "key-of-a" }];
    expect(() => openLeaf(keyOf("a"), new Sealed(renamed, storeId, kind, nonce, box))).toThrow(
      SealBrokenError,
    );
  });
});

describe("Known values", () => {
  test("are found in a text that holds one of them, however it is written", () => {
    const values = new PersonalValues();
    values.add("o", "name", "Zoë Müller");
    for (const text of ["ZOË MÜLLER", "dear Zoe\u0308 Mu\u0308ller!", "xZoë Müllerx"])
      expect(values.ownersOf("any", text)).toEqual(new Set(["o"]));
    for (const text of ["Zoë", "Müller", "", "Zoë  Müller"])
      expect(values.ownersOf("any", text)).toBeUndefined();
  });

  test("that are short are found as whole words only, very short ones and numbers under their field only", () => {
    const values = new PersonalValues();
    values.add("o", "name", "Ann");
    values.add("o", "sex", "f");
    values.add("o", "age", 41);
    expect(values.ownersOf("x", "Dear Ann, hello")).toBeDefined();
    expect(values.ownersOf("x", "Annual report")).toBeUndefined();
    expect(values.ownersOf("x", "f")).toBeUndefined();
    expect(values.ownersOf("sex", "f")).toBeDefined();
    expect(values.ownersOf("x", 41)).toBeUndefined();
    expect(values.ownersOf("age", 41)).toBeDefined();
  });

  test("are all found wherever a text is put together of them", () => {
    const texts = fc.string({ minLength: 6, maxLength: 12 });
    fc.assert(
      fc.property(fc.array(texts, { minLength: 1, maxLength: 30 }), fc.string(), (all, around) => {
        const values = new PersonalValues();
        for (const [n, text] of all.entries()) values.add(`o${n}`, "", text);
        for (const [n, text] of all.entries())
          expect([...(values.ownersOf("", `${around}|${text}|${around}`) ?? [])]).toContain(
            `o${n}`,
          );
      }),
    );
  });

  test("that aren't in a state any more can be let go of, but for whose they were", () => {
    const values = new PersonalValues();
    values.add("o1", "name", "Ann Archer");
    values.add("o2", "name", "Bea Bloom");
    const kept = values.within({ text: "it was Bea Bloom" });
    expect([...kept.entries()]).toEqual([["o2", "name", "Bea Bloom"]]);
    expect(kept.owners).toEqual(new Set(["o1", "o2"]));
  });
});

interface Guest {
  readonly id: string;
  readonly name: string;
}
type Event = {
  readonly type: "Booked";
  readonly data: { readonly host: string; readonly guests: readonly Guest[] };
};

function bookings(personal: PersonalDeclaration<Event["data"]>, schema?: z.ZodType) {
  return aggregate<Event["data"], { type: "Book"; data: Event["data"] }, Event>({
    name: "booking",
    initialState: () => ({ host: "", guests: [] }),
    decide: { Book: (_, data) => ({ type: "Booked", data }) },
    evolve: { Booked: (_, data) => data },
    personal: personal.length === 0 ? {} : { Booked: personal },
    ...(schema === undefined ? {} : { schemas: { events: { Booked: schema } } }),
  });
}

const booking = {
  host: "Hedwig Host",
  guests: [
    { id: "g1", name: "Gustav Guest" },
    { id: "g2", name: "Greta Guest" },
  ],
};

async function withoutG1(definition: ReturnType<typeof bookings>, options = {}) {
  const directory = new MemoryDirectory();
  const runtime = await openMemoryRuntime({
    directory,
    aggregates: [definition],
    privacy: { ...privacy, ...options },
  });
  await runtime.ask(definition, "b1", { type: "Book", data: booking });
  await runtime.privacy.forget("g1");
  const { state } = await runtime.state(definition, "b1");
  await runtime.close();
  return state;
}

describe("Personal fields", () => {
  test("of several subjects in one event are forgotten one by one", async () => {
    const definition = bookings([
      "host",
      {
        each: "guests",
        subject: ({ id }: Guest) => id,
        fields: ["name"],
      },
    ]);
    expect(await withoutG1(definition)).toEqual({
      host: "Hedwig Host",
      guests: [{ id: "g1", name: "[erased]" }, booking.guests[1]],
    });
  });

  test("are those that a schema says are personal, with the field beside that names the subject", async () => {
    const schema = z.object({
      host: z.string().meta({ personal: true }),
      guests: z.array(z.object({ id: z.string(), name: z.string().meta({ personal: "id" }) })),
    });
    const { guests } = await withoutG1(bookings([], schema));
    expect(guests.map(({ name }) => name)).toEqual(["[erased]", "Greta Guest"]);
  });

  test("have placeholders of the runtime, or of their own", async () => {
    const subject = ({ id }: Guest) => id;
    const plain = bookings([{ each: "guests", subject, fields: ["name"] }]);
    const own = bookings([
      { each: "guests", subject, fields: [{ path: "name", placeholder: "a guest" }] },
    ]);
    const placeholders = { text: "(gone)" };
    expect((await withoutG1(plain, { placeholders })).guests[0]?.name).toBe("(gone)");
    expect((await withoutG1(own, { placeholders })).guests[0]?.name).toBe("a guest");
  });

  test("that can't be are refused when the aggregate is defined", () => {
    expect(() => bookings(["guests..name"])).toThrow("a path in personal of booking, Booked");
    const schema = z.object({ host: z.string(), guests: z.array(z.any()) });
    expect(() => bookings(["hosst"], schema)).toThrow("one that the event's schema has");
    expect(() => bookings(["guests.*.name"], schema)).not.toThrow();
    const wrong = z.object({ host: z.string().meta({ personal: 1 }), guests: z.array(z.any()) });
    expect(() => bookings([], wrong)).toThrow("the name of the field with the subject");
  });

  test("whose subject nobody names are refused before anything is written", async () => {
    const subject = () => "";
    const definition = bookings([{ subject, fields: ["host"] }]);
    const runtime = await openMemoryRuntime({ aggregates: [definition], privacy });
    const asked = runtime.ask(definition, "b1", { type: "Book", data: booking });
    await expect(asked).rejects.toMatchObject({ code: "invalid-argument" });
    expect(runtime.head).toBe(0);
    await runtime.close();
  });
});
