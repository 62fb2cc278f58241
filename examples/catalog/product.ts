/** What the products service records itself: its products, and what it was told about users it hadn't heard of. */
import { aggregate, reject } from "tidemark";
import type { VersionedProfile } from "./users-view.js";

export interface ProductData {
  readonly name: string;
  readonly priceCents: number;
  /** Who sells it: a user of the other service. */
  readonly userId: string;
}

interface AddProduct {
  readonly type: "Add";
  readonly data: ProductData;
}

interface ProductAdded {
  readonly type: "Added";
  readonly data: ProductData;
}

/** Taken whether the user is known or not: it must not need the other service. */
export const Product = aggregate<{ isAdded: boolean }, AddProduct, ProductAdded>({
  name: "product",
  initialState: () => ({ isAdded: false }),
  decide: {
    Add: ({ isAdded }, data) => (isAdded ? reject("added-already") : { type: "Added", data }),
  },
  evolve: { Added: () => ({ isAdded: true }) },
});

interface NoteProfile {
  readonly type: "Note";
  readonly data: VersionedProfile;
}

interface ProfileNoted {
  readonly type: "ProfileNoted";
  readonly data: VersionedProfile;
}

/** An answer of the users service, recorded: a rebuild reads it here, and asks nobody. */
export const FetchedUser = aggregate<{ version: number }, NoteProfile, ProfileNoted>({
  name: "fetched-user",
  initialState: () => ({ version: 0 }),
  decide: {
    Note: (known, profile) =>
      profile.version > known.version ? { type: "ProfileNoted", data: profile } : [],
  },
  evolve: { ProfileNoted: (_known, { version }) => ({ version }) },
});
