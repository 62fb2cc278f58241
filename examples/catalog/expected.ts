/** What the products service shows, held against a fold of the users service's journal in plain code; both read beside their owners. */
import assert from "node:assert/strict";
import { openRuntime, type RecordedEvent, type Runtime, type RuntimeOptions } from "tidemark";
import { catalog, Users, type UserRow } from "./catalog-view.js";
import { FetchedUser, Product } from "./product.js";
import { User, type UserEvent } from "./user.js";

export interface Compared {
  readonly users: number;
  readonly products: number;
  readonly userEvents: number;
  /** Of them, in the journal of the products service. */
  readonly received: number;
  /** Answers of the users service that it recorded. */
  readonly fetched: number;
}

/** Position of the last event of a user. */
export async function lastUserEvent(usersDirectory: string): Promise<number> {
  return beside(usersDirectory, USERS, (users) => eventsOf(users, "user").at(-1)?.position ?? 0);
}

/** @throws AssertionError - A user is missing or wrong, or an event was lost or came twice. */
export async function compared(
  usersDirectory: string,
  productsDirectory: string,
): Promise<Compared> {
  const sources = await beside(
    usersDirectory,
    USERS,
    (users) => eventsOf(users, "user") as RecordedEvent<UserEvent>[],
  );
  return beside(productsDirectory, PRODUCTS, async (products) => {
    const received = eventsOf(products, "user");
    const originOf = ({ headers }: RecordedEvent) =>
      (headers?.["tidemark.origin"] as { readonly eventId: string }).eventId;
    const ids = (events: readonly string[]) => [...events].sort();
    assert.deepEqual(ids(received.map(originOf)), ids(sources.map(({ eventId }) => eventId)));
    const rows = await rowsOf(products);
    assert.deepEqual(rows, foldOf(sources));
    return {
      users: rows.size,
      products: await products.view(catalog, "products").count({ fresh: true }),
      userEvents: sources.length,
      received: received.length,
      fetched: eventsOf(products, "fetched-user").length,
    };
  });
}

function foldOf(events: readonly RecordedEvent<UserEvent>[]): Map<string, UserRow> {
  const rows = new Map<string, UserRow>();
  for (const { entityId, version, data } of events) {
    const before = rows.get(entityId) ?? { name: "", email: "", received: 0 };
    rows.set(entityId, { ...before, ...data, version, received: before.received + 1 });
  }
  return new Map([...rows].sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function rowsOf(products: Runtime): Promise<Map<string, UserRow>> {
  const rows = new Map<string, UserRow>();
  for await (const { id, document } of products.view(catalog, "users").all({ fresh: true }))
    rows.set(id, document);
  return rows;
}

function eventsOf(runtime: Runtime, aggregate: string): RecordedEvent[] {
  return [...runtime.events({ filter: { streamTypes: [aggregate] } })];
}

const USERS = { aggregates: [User] };
const PRODUCTS = { aggregates: [Product, FetchedUser], remotes: [Users], projections: [catalog] };

async function beside<T>(
  directory: string,
  options: RuntimeOptions,
  read: (runtime: Runtime) => Promise<T> | T,
): Promise<T> {
  const runtime = await openRuntime({ directory, ...options, readOnly: true });
  try {
    return await read(runtime);
  } finally {
    await runtime.close();
  }
}
