/** The service: answers `GetFoo` and `GetFoos` from the view, each answer as of one position. */
import {
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerUnaryCall,
} from "@grpc/grpc-js";
import { hasCode, type CollectionReaders, type Runtime } from "tidemark";
import { foosView, type FooRow } from "./foos-view.js";
import {
  FoosClient,
  type FooMessage,
  type GetFooReply,
  type GetFooRequest,
  type GetFoosReply,
  type GetFoosRequest,
} from "./protocol.js";

const HISTORY_MAX = 100;
const PAGE_SIZE = 50;
const PAGE_SIZE_MAX = 1_000;

type Readers = CollectionReaders<typeof foosView.collections>;

class CallError extends Error {
  constructor(
    readonly code: status,
    message: string,
  ) {
    super(message);
  }
}

/** Listens on a free port of this machine. */
export async function startService(
  runtime: Runtime,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = new Server();
  server.addService(FoosClient.service, {
    getFoo: answering((request: GetFooRequest) => getFoo(runtime, request)),
    getFoos: answering((request: GetFoosRequest) => getFoos(runtime, request)),
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return { port, close: () => new Promise((resolve) => server.tryShutdown(() => resolve())) };
}

function getFoo(runtime: Runtime, { id, fresh = false }: GetFooRequest): Promise<GetFooReply> {
  const read = (readers: Readers, position: number): GetFooReply => {
    const row = readers.foos.get(id);
    if (row === undefined) throw new CallError(status.NOT_FOUND, `there is no foo ${id}`);
    return { foo: messageOf(id, row, readers), position };
  };
  return runtime.query(foosView, read, { fresh });
}

function getFoos(runtime: Runtime, request: GetFoosRequest): Promise<GetFoosReply> {
  const { which, pageSize = 0, pageToken = "", fresh = false } = request;
  const limit = pageSize === 0 ? PAGE_SIZE : Math.min(pageSize, PAGE_SIZE_MAX);
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
  return runtime.query(foosView, read, { fresh });
}

function messageOf(id: string, row: FooRow, { history }: Readers): FooMessage {
  const newest = history.find("byFoo", { equals: id, order: "descending", limit: HISTORY_MAX });
  const entries = newest.entries.map(({ document: { fooId: _fooId, ...rest } }) => rest);
  return { id, ...row, history: entries.reverse() };
}

/** A call of gRPC around an asynchronous answer. */
function answering<Request, Reply>(answer: (request: Request) => Promise<Reply>) {
  return (call: ServerUnaryCall<Request, Reply>, callback: sendUnaryData<Reply>): void => {
    answer(call.request).then(
      (reply) => callback(null, reply),
      (error: unknown) => callback({ code: codeOf(error), details: String(error) }),
    );
  };
}

function codeOf(error: unknown): status {
  if (error instanceof CallError) return error.code;
  if (hasCode(error, "invalid-argument")) return status.INVALID_ARGUMENT;
  if (hasCode(error, "subscription-timeout")) return status.DEADLINE_EXCEEDED;
  return status.UNAVAILABLE;
}
