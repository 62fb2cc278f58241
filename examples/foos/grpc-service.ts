/** The two calls over gRPC. */
import {
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerUnaryCall,
} from "@grpc/grpc-js";
import { hasCode, type QueryOf, type Runtime } from "tidemark";
import { getFoo, getFoos } from "./answers.js";
import { FoosClient, type GetFooRequest, type GetFoosRequest } from "./protocol.js";

/** Listens on a free port of this machine. */
export async function startService(
  runtime: Runtime,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const query: QueryOf = (projection, read, options) => runtime.query(projection, read, options);
  const server = new Server();
  server.addService(FoosClient.service, {
    getFoo: answering((request: GetFooRequest) => getFoo(query, request)),
    getFoos: answering((request: GetFoosRequest) => getFoos(query, request)),
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return { port, close: () => new Promise((resolve) => server.tryShutdown(() => resolve())) };
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
  if (hasCode(error, "not-found")) return status.NOT_FOUND;
  if (hasCode(error, "invalid-argument")) return status.INVALID_ARGUMENT;
  if (hasCode(error, "subscription-timeout")) return status.DEADLINE_EXCEEDED;
  return status.UNAVAILABLE;
}
