/** What `GetFoo` and `GetFoos` answer, from the view, each answer as of one position; whatever they are asked over. */
import { TidemarkError, type CollectionReaders, type QueryOf } from "tidemark";
import { foosView, type FooRow } from "./foos-view.js";
import type {
  FooMessage,
  GetFooReply,
  GetFooRequest,
  GetFoosReply,
  GetFoosRequest,
} from "./protocol.js";

const HISTORY_MAX = 100;
const PAGE_SIZE = 50;
const PAGE_SIZE_MAX = 1_000;

type Readers = CollectionReaders<typeof foosView.collections>;

/** Its code goes over the wire with it. */
class NoSuchFooError extends TidemarkError {
  readonly code = "not-found";
  readonly retryable = false;
}

/** @throws NoSuchFooError - There is none of that id. */
export function getFoo(query: QueryOf, { id, fresh = false }: GetFooRequest): Promise<GetFooReply> {
  const read = (readers: Readers, position: number): GetFooReply => {
    const row = readers.foos.get(id);
    if (row === undefined) throw new NoSuchFooError(`there is no foo ${id}`);
    return { foo: messageOf(id, row, readers), position };
  };
  return query(foosView, read, { fresh });
}

/** @throws InvalidArgumentError - The page token is of another question. */
export function getFoos(query: QueryOf, request: GetFoosRequest): Promise<GetFoosReply> {
  const { which, pageSize = 0, pageToken = "", fresh = false } = request;
  const limit = pageSize === 0 ? PAGE_SIZE : Math.min(pageSize, PAGE_SIZE_MAX);
  // #region query
  const page = { limit, ...(pageToken === "" ? {} : { after: pageToken }) };
  const pageOf = (foos: Readers["foos"]) =>
    which === "ALL"
      ? foos.list(page)
      : foos.find("byActive", { equals: which === "ACTIVE", ...page });
  const read = (readers: Readers, position: number): GetFoosReply => {
    const { entries, next = "" } = pageOf(readers.foos);
    const foos = entries.map(({ id, document }) => messageOf(id, document, readers));
    return { foos, nextPageToken: next, position };
  };
  return query(foosView, read, { fresh });
  // #endregion
}

function messageOf(id: string, row: FooRow, { history }: Readers): FooMessage {
  const newest = history.find("byFoo", { equals: id, order: "descending", limit: HISTORY_MAX });
  const entries = newest.entries.map(({ document: { fooId: _fooId, ...rest } }) => rest);
  return { id, ...row, history: entries.reverse() };
}
