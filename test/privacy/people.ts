/** A small world with personal data of several subjects: users who register, and bookings with guests. */
import { collection, projection, aggregate, type PrivacyOptions } from "tidemark";

export interface User {
  readonly email: string;
  readonly name: string;
  readonly street: string;
  readonly born: Date | null;
  readonly points: number | null;
  readonly note: string;
}

export type UserCommand =
  | {
      readonly type: "Register";
      readonly data: {
        readonly email: string;
        readonly name: string;
        readonly street?: string;
        readonly born?: Date;
        readonly points?: number;
      };
    }
  | { readonly type: "Greet" }
  | { readonly type: "Leave" };

export type UserEvent =
  | {
      readonly type: "Registered";
      readonly data: {
        readonly email: string;
        readonly name: string;
        readonly address: { readonly street: string; readonly country: string };
        readonly born: Date | null;
        readonly points: number | null;
      };
    }
  /** Declares nothing: what it copies is sealed all the same. */
  | { readonly type: "Greeted"; readonly data: { readonly text: string; readonly by: string } }
  | { readonly type: "Left" };

export const users = aggregate<User, UserCommand, UserEvent>({
  name: "user",
  initialState: () => ({ email: "", name: "", street: "", born: null, points: null, note: "" }),
  decide: {
    Register: (_, { email, name, street = "Unknown Lane 1", born, points }) => ({
      type: "Registered",
      data: {
        email,
        name,
        address: { street, country: "Utopia" },
        born: born ?? null,
        points: points ?? null,
      },
    }),
    Greet: ({ name }) => ({
      type: "Greeted",
      data: { text: `Dear ${name}, welcome!`, by: "desk" },
    }),
    Leave: () => ({ type: "Left" }),
  },
  evolve: {
    Registered: (state, { email, name, address, born, points }) => ({
      ...state,
      ...{ email, name, street: address.street, born, points },
    }),
    Greeted: (state, { text }) => ({ ...state, note: text }),
    Left: (state) => ({ ...state, email: "" }),
  },
  personal: { Registered: ["email", "name", "address.street", "born", "points"] },
  claims: { email: { personal: true, keys: ({ email }) => (email === "" ? null : email) } },
  snapshots: { everyEvents: 2 },
});

export interface UserDocument {
  readonly email: string;
  readonly name: string;
  readonly country: string;
  readonly greeting: string;
}

export const userView = projection({
  name: "users",
  version: 1,
  from: [users],
  collections: {
    users: collection<UserDocument>()
      .unique("byEmail", "email")
      .personal("byEmail")
      .index("byCountry", "country"),
  },
  on: {
    Registered: ({ entityId, data }, { users: documents }) => {
      const { email, name, address } = data;
      documents.put(entityId, { email, name, country: address.country, greeting: "" });
    },
    Greeted: ({ entityId, data }, { users: documents }) =>
      documents.update(entityId, (found) => found && { ...found, greeting: data.text }),
    Left: ({ entityId }, { users: documents }) => documents.remove(entityId),
  },
});

/** The same key whenever it is asked for, so that what was closed opens again. */
export const privacy: PrivacyOptions = {
  masterKey: (id) =>
    id === undefined || id === "test" ? { id: "test", key: Buffer.alloc(32, 7) } : undefined,
};

export const ANN = {
  email: "ann.archer@example.org",
  name: "Ann Archer-Quillfeather",
  street: "Hollyhock Crescent 17",
  born: new Date("1987-06-05T00:00:00Z"),
  points: 4711,
} as const;

/** What no file may hold. */
export const NEEDLES = [ANN.email, ANN.name, ANN.street, "Quillfeather", "Hollyhock"];
