/** The aggregate: a user registers once, under an address that nobody else has. */
import { aggregate, reject } from "tidemark";

export interface Registration {
  readonly name: string;
  readonly email: string;
}

type Command =
  | { readonly type: "Register"; readonly data: Registration }
  | { readonly type: "Rename"; readonly data: { readonly name: string } };

type Event =
  | { readonly type: "Registered"; readonly data: Registration }
  | { readonly type: "Renamed"; readonly data: { readonly name: string } };

type State = Registration | null;

export const User = aggregate<State, Command, Event>({
  name: "user",
  initialState: () => null,
  claims: { email: (user) => user?.email },
  decide: {
    Register: (user, registration) => {
      if (user !== null) return reject("registered-already");
      return registration.email.includes("@")
        ? { type: "Registered", data: registration }
        : reject("no-address", { email: registration.email });
    },
    Rename: (user, { name }) =>
      user === null ? reject("no-such-user") : { type: "Renamed", data: { name } },
  },
  evolve: {
    Registered: (_user, registration) => registration,
    Renamed: (user, { name }) => ({ name, email: user?.email ?? "" }),
  },
});
