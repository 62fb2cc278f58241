/** A guest of the hotel: their id tells nothing, everything else about them is personal. */
import { aggregate, reject } from "tidemark";

export interface Person {
  readonly name: string;
  readonly email: string;
  readonly passport: string;
}

export interface GuestState {
  readonly person: Person | null;
  readonly wishes: readonly string[];
}

export type GuestCommand =
  | { readonly type: "Register"; readonly data: Person }
  | { readonly type: "Wish"; readonly data: { readonly wish: string } }
  | { readonly type: "Leave" };

export type GuestEvent =
  | { readonly type: "Registered"; readonly data: Person }
  /** Declares nothing: the name that it repeats is known to be personal. */
  | { readonly type: "WishNoted"; readonly data: { readonly text: string } }
  | { readonly type: "Left" };

export const Guest = aggregate<GuestState, GuestCommand, GuestEvent>({
  name: "guest",
  initialState: () => ({ person: null, wishes: [] }),
  decide: {
    Register: ({ person }, data) =>
      person === null ? { type: "Registered", data } : reject("registered-already"),
    Wish: ({ person }, { wish }) =>
      person === null
        ? reject("not-registered")
        : { type: "WishNoted", data: { text: `${person.name} would like ${wish}` } },
    Leave: ({ person }) => (person === null ? reject("not-registered") : { type: "Left" }),
  },
  evolve: {
    Registered: (state, person) => ({ ...state, person }),
    WishNoted: ({ person, wishes }, { text }) => ({ person, wishes: [...wishes, text] }),
    Left: (state) => ({ ...state, person: null }),
  },
  personal: { Registered: ["name", "email", "passport"] },
  // #region claim
  // Whoever leaves gives the address back, and so does forgetting: somebody new can register with it.
  claims: { email: { personal: true, keys: ({ person }) => person?.email ?? null } },
  // #endregion
  snapshots: { everyEvents: 2 },
});
