/** The same over NATS: any client will do, since requests and answers are JSON. It knows nothing of Tidemark. */
import { connect, type NatsConnection } from "nats";
import type { FoosApi } from "./foos-api.js";
import type { GetFooReply, GetFooRequest, GetFoosReply, GetFoosRequest } from "./protocol.js";

const TIMEOUT_MS = 10_000;

/** What the service said instead of an answer. */
class RefusedError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** As `nats micro info` shows it. */
export interface ServedEndpoint {
  readonly name: string;
  readonly subject: string;
  readonly description: string;
}

export class FoosOverNats implements FoosApi {
  readonly #connection: NatsConnection;

  private constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  static async connect(servers: string): Promise<FoosOverNats> {
    return new FoosOverNats(await connect({ servers }));
  }

  getFoo(request: GetFooRequest): Promise<GetFooReply> {
    return this.#call<GetFooReply>("foos.svc.GetFoo", request);
  }

  getFoos(request: GetFoosRequest): Promise<GetFoosReply> {
    return this.#call<GetFoosReply>("foos.svc.GetFoos", request);
  }

  async #call<Reply>(subject: string, request: object): Promise<Reply> {
    // #region ask
    const message = JSON.stringify(request);
    const answer = await this.#connection.request(subject, message, { timeout: TIMEOUT_MS });
    if (answer.headers?.get("tidemark-status") === "answered") return answer.json<Reply>();
    const { code, message: why } = answer.json<{ code: string; message: string }>();
    throw new RefusedError(code, why);
    // #endregion
  }

  codeOf(error: unknown): string {
    return (error as RefusedError).code;
  }

  /** What every service called "foos" says of itself. */
  async described(): Promise<ServedEndpoint[]> {
    const endpoints: ServedEndpoint[] = [];
    const infos = await this.#connection.services.client().info("foos");
    for await (const info of infos)
      for (const { name, subject, metadata } of info.endpoints)
        endpoints.push({ name, subject, description: metadata?.["description"] ?? "" });
    return endpoints;
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}
