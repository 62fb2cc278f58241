/** Many documents with two indexes, to be queried: as a view, and in a table with a column of JSON. */
import { join } from "node:path";
import { collection, openRuntime, projection, type Runtime } from "../../src/index.js";
import { Account, MEMO } from "../account.js";
import { openSqlite, type Database, type Statement } from "./sqlite.js";

export interface Booking {
  readonly customer: string;
  readonly status: string;
  readonly at: number;
  readonly cents: number;
  readonly memo: string;
}

const CUSTOMERS_SHARE = 1_000;
const STATUSES = ["open", "paid", "sent", "done"] as const;
const PER_EVENT = 1_000;

export const bookingId = (n: number) => `booking-${String(n).padStart(8, "0")}`;
export const customerId = (n: number) => `customer-${String(n).padStart(6, "0")}`;

/** Customers of so many bookings: each has a thousand. */
export const customersOf = (bookings: number) => bookings / CUSTOMERS_SHARE;
export const statusOf = (n: number) => STATUSES[n % STATUSES.length] as string;

function bookingOf(n: number, bookings: number): Booking {
  // A step that shares no factor with it, so that neighbours in time aren't neighbours in the index.
  const customer = customerId((n * 7_919) % customersOf(bookings));
  return { customer, status: statusOf(n), at: n, cents: 100 + (n % 9_973), memo: MEMO };
}

/** Each deposit stands for as many bookings: what is measured is reading them. `cents` says which ones. */
export function bookingView(bookings: number) {
  return projection({
    name: "bookings",
    version: 1,
    from: [Account],
    collections: {
      bookings: collection<Booking>()
        .index("byCustomer", "customer")
        .index("byStatus", "status", "at"),
    },
    on: {
      Deposited: ({ data: { amount } }, { bookings: documents }) => {
        const from = (amount - 1) * PER_EVENT;
        for (let n = from; n < from + PER_EVENT; n++)
          documents.put(bookingId(n), bookingOf(n, bookings));
      },
    },
  });
}

/** Opens the view, with all of them in it. */
export async function openBookings(
  directory: string,
  view: ReturnType<typeof bookingView>,
  bookings: number,
): Promise<Runtime> {
  const runtime = await openRuntime({ directory, aggregates: [Account], projections: [view] });
  for (let amount = 1; amount <= bookings / PER_EVENT; amount++)
    await runtime.ask(Account, "all", { type: "Deposit", data: { amount } });
  await runtime.operations.refresh(view, { timeoutMs: 600_000 });
  const count = await runtime.view(view).count();
  if (count !== bookings) throw new Error(`there are ${count} bookings`);
  return runtime;
}

export class SqliteBookings {
  readonly #database: Database;
  readonly #get: Statement;
  readonly #byCustomer: Statement;
  readonly #byStatus: Statement;

  constructor(directory: string, bookings: number) {
    this.#database = openSqlite(join(directory, "bookings.db"));
    this.#database
      .exec(`CREATE TABLE bookings (id TEXT PRIMARY KEY, customer TEXT NOT NULL, status TEXT NOT NULL,
        at INTEGER NOT NULL, document TEXT NOT NULL) WITHOUT ROWID;
      CREATE INDEX by_customer ON bookings (customer, id);
      CREATE INDEX by_status ON bookings (status, at, id)`);
    this.#fill(bookings);
    this.#get = this.#database.prepare("SELECT document FROM bookings WHERE id = ?");
    this.#byCustomer = this.#database.prepare(
      "SELECT id, document FROM bookings WHERE customer = ? ORDER BY id LIMIT ?",
    );
    this.#byStatus = this.#database.prepare(
      "SELECT id, document FROM bookings WHERE status = ? AND at >= ? ORDER BY at, id LIMIT ?",
    );
  }

  #fill(bookings: number): void {
    const insert = this.#database.prepare("INSERT INTO bookings VALUES (?, ?, ?, ?, ?)");
    const some = this.#database.transaction((from: number, to: number) => {
      for (let n = from; n < to; n++) {
        const booking = bookingOf(n, bookings);
        const { customer, status, at } = booking;
        insert.run(bookingId(n), customer, status, at, JSON.stringify(booking));
      }
    });
    for (let n = 0; n < bookings; n += 10_000) some(n, Math.min(bookings, n + 10_000));
  }

  get(id: string): unknown {
    return documentOf(this.#get.get(id));
  }

  byCustomer(customer: string, limit: number): unknown[] {
    return this.#byCustomer.all(customer, limit).map(documentOf);
  }

  byStatus(status: string, at: number, limit: number): unknown[] {
    return this.#byStatus.all(status, at, limit).map(documentOf);
  }

  close(): void {
    this.#database.close();
  }
}

function documentOf(row: unknown): unknown {
  return JSON.parse((row as { document: string }).document);
}
