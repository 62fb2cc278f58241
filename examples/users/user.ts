/** A user: nobody else has their e-mail address or their user name, and an address may be reserved for a while. */
import { aggregate, reject, type DecideContext } from "tidemark";
import { emailKey, userNameKey } from "./normalise.js";

/** As it was typed, and what tells whether it is taken. */
export interface Named {
  readonly text: string;
  readonly key: string;
}

export type UserCommand =
  /** For whoever has asked for a link to go on with; asked again, for longer. */
  | { readonly type: "Reserve"; readonly data: { readonly email: string } }
  | { readonly type: "Create"; readonly data: { readonly name: string; readonly email: string } }
  | { readonly type: "Rename"; readonly data: { readonly name: string } }
  | { readonly type: "ChangeEmail"; readonly data: { readonly email: string } }
  | { readonly type: "Close" };

export type UserEvent =
  | {
      readonly type: "EmailReserved";
      readonly data: { readonly email: Named; readonly untilMs: number };
    }
  | { readonly type: "UserCreated"; readonly data: { readonly name: Named; readonly email: Named } }
  | { readonly type: "UserRenamed"; readonly data: { readonly name: Named } }
  | { readonly type: "EmailChanged"; readonly data: { readonly email: Named } }
  | { readonly type: "UserClosed" };

export interface UserState {
  readonly status: "none" | "reserved" | "active" | "closed";
  readonly name: Named | null;
  readonly email: Named | null;
  readonly reservedUntilMs: number | null;
}

export const RESERVED_FOR_MS = 24 * 60 * 60 * 1_000;

const NOBODY: UserState = { status: "none", name: null, email: null, reservedUntilMs: null };

export const User = aggregate<UserState, UserCommand, UserEvent>({
  name: "user",
  initialState: () => NOBODY,
  // #region claims
  claims: {
    email: ({ email, reservedUntilMs }) =>
      email === null || reservedUntilMs === null
        ? email?.key
        : { key: email.key, expiresAtMs: reservedUntilMs },
    "user-name": ({ name }) => name?.key,
  },
  // #endregion
  decide: {
    // #region reserve
    Reserve: ({ status }, data, { nowMs }: DecideContext) => {
      if (status === "active" || status === "closed") return reject("created-already");
      const email = named(data.email, emailKey);
      if (email === undefined) return reject("no-address", { email: data.email });
      return { type: "EmailReserved", data: { email, untilMs: nowMs + RESERVED_FOR_MS } };
    },
    // #endregion
    Create: ({ status }, data) => {
      if (status === "active" || status === "closed") return reject("created-already");
      const email = named(data.email, emailKey);
      if (email === undefined) return reject("no-address", { email: data.email });
      const name = named(data.name, userNameKey);
      if (name === undefined) return reject("no-user-name", { name: data.name });
      return { type: "UserCreated", data: { name, email } };
    },
    Rename: ({ status }, data) => {
      if (status !== "active") return reject("no-such-user");
      const name = named(data.name, userNameKey);
      return name === undefined
        ? reject("no-user-name", { name: data.name })
        : { type: "UserRenamed", data: { name } };
    },
    ChangeEmail: ({ status }, data) => {
      if (status !== "active") return reject("no-such-user");
      const email = named(data.email, emailKey);
      return email === undefined
        ? reject("no-address", { email: data.email })
        : { type: "EmailChanged", data: { email } };
    },
    Close: ({ status }) => (status === "active" ? { type: "UserClosed" } : reject("no-such-user")),
  },
  evolve: {
    EmailReserved: (user, { email, untilMs }) => ({
      ...user,
      status: "reserved",
      email,
      reservedUntilMs: untilMs,
    }),
    UserCreated: (_user, { name, email }) => ({
      status: "active",
      name,
      email,
      reservedUntilMs: null,
    }),
    UserRenamed: (user, { name }) => ({ ...user, name }),
    EmailChanged: (user, { email }) => ({ ...user, email }),
    UserClosed: () => ({ ...NOBODY, status: "closed" }),
  },
});

function named(text: string, keyOf: (text: string) => string | undefined): Named | undefined {
  const key = keyOf(text);
  return key === undefined ? undefined : { text, key };
}
