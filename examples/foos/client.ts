/** A client for other services: the two calls as promises. It knows the proto and nothing of Tidemark. */
import { credentials, type Client, type ServiceError } from "@grpc/grpc-js";
import {
  FoosClient,
  type FooMessage,
  type GetFooReply,
  type GetFooRequest,
  type GetFoosReply,
  type GetFoosRequest,
  type Which,
} from "./protocol.js";

type Call = (
  request: object,
  callback: (error: ServiceError | null, reply: unknown) => void,
) => void;

interface FoosCalls extends Pick<Client, "close"> {
  readonly getFoo: Call;
  readonly getFoos: Call;
}

export class Foos {
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

  /** Every foo of a kind, page by page. */
  async everyFoo(which: Which, pageSize: number): Promise<FooMessage[]> {
    const foos: FooMessage[] = [];
    let pageToken = "";
    do {
      const reply = await this.getFoos({ which, pageSize, pageToken, fresh: true });
      foos.push(...reply.foos);
      pageToken = reply.nextPageToken;
    } while (pageToken !== "");
    return foos;
  }

  close(): void {
    this.#client.close();
  }

  #call<Reply>(method: "getFoo" | "getFoos", request: object): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#client[method](request, (error, reply) =>
        error === null ? resolve(reply as Reply) : reject(error),
      );
    });
  }
}
