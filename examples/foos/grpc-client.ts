/** A client for other services: the two calls as promises. It knows the proto and nothing of Tidemark. */
import { credentials, status, type Client, type ServiceError } from "@grpc/grpc-js";
import type { FoosApi } from "./foos-api.js";
import {
  FoosClient,
  type GetFooReply,
  type GetFooRequest,
  type GetFoosReply,
  type GetFoosRequest,
} from "./protocol.js";

type Call = (
  request: object,
  callback: (error: ServiceError | null, reply: unknown) => void,
) => void;

interface FoosCalls extends Pick<Client, "close"> {
  readonly getFoo: Call;
  readonly getFoos: Call;
}

export class FoosOverGrpc implements FoosApi {
  readonly #client: FoosCalls;

  constructor(port: number) {
    const client = new FoosClient(`127.0.0.1:${port}`, credentials.createInsecure());
    this.#client = client as unknown as FoosCalls;
  }

  getFoo(request: GetFooRequest): Promise<GetFooReply> {
    return this.#call<GetFooReply>("getFoo", request);
  }

  getFoos(request: GetFoosRequest): Promise<GetFoosReply> {
    return this.#call<GetFoosReply>("getFoos", request);
  }

  codeOf(error: unknown): string {
    return status[(error as ServiceError).code];
  }

  close(): Promise<void> {
    this.#client.close();
    return Promise.resolve();
  }

  #call<Reply>(method: "getFoo" | "getFoos", request: object): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#client[method](request, (error, reply) =>
        error === null ? resolve(reply as Reply) : reject(error),
      );
    });
  }
}
