/** The products service's own copy of what its list shows, its join, and the question it answers. */
import {
  collection,
  endpoint,
  projection,
  remote,
  type CollectionReaders,
  type Message,
  type Origin,
  type RecordedEvent,
} from "tidemark";
import { z } from "zod";
import { FetchedUser, Product, type ProductData } from "./product.js";
import type { Profile, UserEvent } from "./user.js";

/** A type is all that both services share. */
// #region users
export const Users = remote<Message, UserEvent>("user", {
  events: ["Registered", "Renamed", "EmailChanged"],
});
// #endregion

export interface UserRow extends Profile {
  /** Of the user, in the users service. */
  readonly version: number;
  /** Events of the user that came; counted up, not put: one that came twice would show. */
  readonly received: number;
}

export const catalog = projection({
  name: "catalog",
  version: 1,
  from: [Product, FetchedUser, Users],
  collections: {
    products: collection<ProductData>().index("byUser", "userId"),
    users: collection<UserRow>(),
  },
  on: {
    Added: ({ entityId, data }, { products }) => products.put(entityId, data),
    ProfileNoted: ({ entityId, data }, { users }) =>
      users.update(entityId, (user) => later(user, data, data.version)),
    Registered: (event, { users }) =>
      users.update(event.entityId, (user) => received(user, event, event.data)),
    Renamed: (event, { users }) =>
      users.update(event.entityId, (user) => received(user, event, { ...user, ...event.data })),
    EmailChanged: (event, { users }) =>
      users.update(event.entityId, (user) => received(user, event, { ...user, ...event.data })),
  },
});

function received(
  user: UserRow | undefined,
  { headers }: RecordedEvent,
  { name = "", email = "" }: Partial<Profile>,
): UserRow {
  const { version } = headers?.["tidemark.origin"] as Origin;
  const row = later(user, { name, email }, version);
  return { ...row, received: row.received + 1 };
}

/** What was fetched may be newer than the events that are still on their way: those must not take it back. */
function later(user: UserRow | undefined, profile: Profile, version: number): UserRow {
  if (user !== undefined && user.version >= version) return user;
  const { name, email } = profile;
  return { name, email, version, received: user?.received ?? 0 };
}

export interface ListedProduct extends ProductData {
  readonly productId: string;
  /** Null while nothing is known of the user. */
  readonly user: Profile | null;
}

export interface ProductList {
  readonly products: readonly ListedProduct[];
  readonly next: string | null;
}

interface ProductsRequest {
  readonly userId?: string | undefined;
  readonly limit?: number | undefined;
  readonly after?: string | undefined;
  /** Waits until the list shows this position: the one that a command to a product was answered with. */
  readonly atLeast?: number | undefined;
}

/** Answered from this service's own view, whoever else is away: names and products as of one position. */
export const Products = endpoint<ProductsRequest, ProductList>({
  name: "products",
  description: "Products with the name and e-mail of their user, page by page",
  request: z.object({
    userId: z.string().optional(),
    limit: z.number().int().min(1).max(1_000).optional(),
    after: z.string().optional(),
    atLeast: z.number().int().min(0).optional(),
  }),
  answer: ({ atLeast = 0, ...request }, { query }) =>
    query(catalog, (collections) => listOf(collections, request), { atLeast }),
});

function listOf(
  { products, users }: CollectionReaders<typeof catalog.collections>,
  { userId, limit = 50, after }: ProductsRequest,
): ProductList {
  const page = { limit, ...(after === undefined ? {} : { after }) };
  const { entries, next = null } =
    userId === undefined
      ? products.list(page)
      : products.find("byUser", { equals: userId, ...page });
  const found = users.getMany(entries.map(({ document }) => document.userId));
  const listed = entries.map(({ id, document }, at) => {
    const user = found[at];
    const shown = user === undefined ? null : { name: user.name, email: user.email };
    return { productId: id, ...document, user: shown };
  });
  return { products: listed, next };
}
