/** How long does it take to get one document of many, and a page by an index? */
import { Comparison, oneByOne, type Answer } from "../measure.js";
import {
  bookingId,
  bookingView,
  customerId,
  customersOf,
  openBookings,
  SqliteBookings,
  statusOf,
} from "../stores/booking-view.js";
import { inDirectory } from "../stores/directory.js";
import { TIDEMARK } from "../stores/tidemark-store.js";

export interface ViewQueriesSize {
  readonly rounds: number;
  readonly documents: number;
  readonly queries: number;
}

const SQLITE = "better-sqlite3 table";
const PAGE = 50;

export async function viewQueries(size: ViewQueriesSize): Promise<Answer> {
  const { rounds, documents, queries } = size;
  const about = `of ${documents} documents`;
  const one = new Comparison(`get one ${about}`);
  const byCustomer = new Comparison(`a page of ${PAGE} ${about}, by an index of one field`);
  const byStatus = new Comparison(`a page of ${PAGE} ${about}, by an index of two fields`);
  await inDirectory(async (directory) => {
    const sqlite = new SqliteBookings(directory, documents);
    const definition = bookingView(documents);
    const runtime = await openBookings(directory, definition, documents);
    const view = runtime.view(definition);
    const id = (n: number) => bookingId(atRandom(n, documents));
    const customer = (n: number) => customerId(atRandom(n, customersOf(documents)));
    // Far enough from the end that the page is full.
    const from = (n: number) => atRandom(n, documents / 2);
    const pages = Math.ceil(queries / 20);
    for (let round = 0; round < rounds; round++) {
      const getOne = async (n: number) => full([await view.get(id(n))], 1);
      one.add(SQLITE, await oneByOne(queries, (n) => full([sqlite.get(id(n))], 1)));
      one.add(TIDEMARK, await oneByOne(queries, getOne));
      const ofCustomer = async (n: number) => {
        const { entries } = await view.find("byCustomer", { equals: customer(n), limit: PAGE });
        full(entries, PAGE);
      };
      const rowsOfCustomer = (n: number) => full(sqlite.byCustomer(customer(n), PAGE), PAGE);
      byCustomer.add(SQLITE, await oneByOne(pages, rowsOfCustomer));
      byCustomer.add(TIDEMARK, await oneByOne(pages, ofCustomer));
      const ofStatus = async (n: number) => {
        const range = { equals: statusOf(n), from: from(n), limit: PAGE };
        full((await view.find("byStatus", range)).entries, PAGE);
      };
      const rowsOfStatus = (n: number) => full(sqlite.byStatus(statusOf(n), from(n), PAGE), PAGE);
      byStatus.add(SQLITE, await oneByOne(pages, rowsOfStatus));
      byStatus.add(TIDEMARK, await oneByOne(pages, ofStatus));
    }
    await runtime.close();
    sqlite.close();
  });
  return {
    rows: [one, byCustomer, byStatus].flatMap((comparison) => comparison.rows()),
    targets: [
      one.p50AtMost(0.05, TIDEMARK),
      byCustomer.p50AtMost(1, TIDEMARK),
      byStatus.p50AtMost(1, TIDEMARK),
    ],
  };
}

/** Scattered, the same in every run. */
function atRandom(n: number, below: number): number {
  return (Math.imul(n + 1, 0x9e3779b1) >>> 0) % below;
}

function full(found: readonly unknown[], count: number): void {
  if (found.length !== count || found.includes(undefined))
    throw new Error(`${found.length} documents were found of ${count}`);
}
