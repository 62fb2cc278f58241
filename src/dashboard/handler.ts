/** Answers requests: files of the page, operations, what a page follows, metrics. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { toJsonForm, type OperationName } from "../index.js";
import { answer, answerJson } from "./answers.js";
import type { Call } from "./calls.js";
import { errorBody } from "./error-body.js";
import type { Guard } from "./guard.js";
import { isObject, jsonObject, jsonValue, readBody } from "./json-input.js";
import type { Live } from "./live.js";
import type { Followed } from "./live-subject.js";
import { effectOf, isOperation } from "./operations.js";
import type { MetricsPage } from "./options.js";
import { Refusal } from "./refusal.js";
import type { StaticFile } from "./static-files.js";

export interface HandlerOptions {
  readonly guard: Guard;
  readonly files: ReadonlyMap<string, StaticFile>;
  readonly call: Call;
  readonly live: Live;
  readonly allowChanges: boolean;
  readonly metrics: (() => Promise<MetricsPage>) | undefined;
  readonly bodyBytesMax: number;
}

const JSON_TYPE = "application/json; charset=utf-8";
const FOLLOWED_MAX = 8;
const NAME_LENGTH_MAX = 100;

export class Handler {
  readonly #options: HandlerOptions;

  constructor(options: HandlerOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#handle(request, response);
    } catch (error) {
      // One that went away gets nothing, and is nobody's failure.
      if (response.headersSent || response.destroyed) {
        response.destroy();
        return;
      }
      const { status, headers, body } = errorBody(error);
      answerJson(response, status, body, headers);
    }
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { guard, files, metrics } = this.#options;
    guard.checkSource(request);
    const { url = "" } = request;
    const cut = url.indexOf("?");
    const path = cut < 0 ? url : url.slice(0, cut);
    const query = cut < 0 ? "" : url.slice(cut + 1);
    if (path === "/api/live") {
      this.#follow(request, response, query);
      return;
    }
    if (path.startsWith("/api/")) return this.#operate(request, response, path.slice(5), query);
    if (path === "/metrics" && metrics !== undefined) {
      checkMethod(request, "GET");
      guard.checkMetricsToken(request);
      const { contentType, body } = await metrics();
      answer(response, 200, contentType, body);
      return;
    }
    const file = files.get(path);
    if (file === undefined) throw notThere();
    checkMethod(request, "GET", "HEAD");
    answer(response, 200, file.contentType, file.body);
  }

  async #operate(
    request: IncomingMessage,
    response: ServerResponse,
    name: string,
    query: string,
  ): Promise<void> {
    this.#options.guard.checkToken(request);
    if (!isOperation(name)) throw notThere();
    const output =
      effectOf(name) === "change"
        ? await this.#change(request, name)
        : await this.#look(request, response, name, query);
    answer(response, 200, JSON_TYPE, JSON.stringify(toJsonForm(output)));
  }

  #look(
    request: IncomingMessage,
    response: ServerResponse,
    name: OperationName,
    query: string,
  ): Promise<unknown> {
    checkMethod(request, "GET");
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    const text = new URLSearchParams(query).get("input") ?? "{}";
    return this.#options.call(name, jsonObject(text), { signal: gone.signal });
  }

  /** A form or a link of another page can send neither the header nor the token. */
  async #change(request: IncomingMessage, name: OperationName): Promise<unknown> {
    checkMethod(request, "POST");
    if (!this.#options.allowChanges)
      throw new Refusal(
        403,
        "read-only",
        "This panel only looks; open it with allowChanges to act",
      );
    if (request.headers["x-tidemark-change"] !== "1")
      throw new Refusal(
        403,
        "not-meant",
        "A change is asked for with the header x-tidemark-change: 1",
      );
    const body = await readBody(request, this.#options.bodyBytesMax);
    const input = jsonObject(body);
    const by = nameOf(request.headers["x-tidemark-by"]);
    // Not with the request's end: half of a change helps nobody.
    return this.#options.call(name, input, by === undefined ? {} : { by });
  }

  #follow(request: IncomingMessage, response: ServerResponse, query: string): void {
    this.#options.guard.checkToken(request);
    checkMethod(request, "GET");
    const input = jsonValue(new URLSearchParams(query).get("input") ?? "[]");
    this.#options.live.open(response, followedOf(input));
  }
}

function followedOf(input: unknown): readonly Followed[] {
  if (!Array.isArray(input) || input.length === 0 || input.length > FOLLOWED_MAX)
    throw new Refusal(
      400,
      "bad-input",
      `input must be 1 to ${FOLLOWED_MAX} pairs of operation and input`,
    );
  return input.map((each: unknown) => {
    const [operation, given] = Array.isArray(each) ? (each as unknown[]) : [];
    if (typeof operation !== "string" || !isOperation(operation) || !isObject(given))
      throw new Refusal(400, "bad-input", "Each must be a pair of operation and input");
    if (effectOf(operation) === "change")
      throw new Refusal(405, "wrong-method", "A change can't be followed");
    return { operation, input: given };
  });
}

function checkMethod({ method = "" }: IncomingMessage, ...allowed: readonly string[]): void {
  if (!allowed.includes(method))
    throw new Refusal(405, "wrong-method", `Use ${allowed.join(" or ")}`, {
      allow: allowed.join(", "),
    });
}

function notThere(): Refusal {
  return new Refusal(404, "not-there", "There is nothing here");
}

/** Who says they ask: a header holds no more than Latin-1, so it comes encoded. */
function nameOf(header: string | readonly string[] | undefined): string | undefined {
  if (typeof header !== "string" || header === "") return undefined;
  let name: string;
  try {
    name = decodeURIComponent(header);
  } catch {
    throw new Refusal(400, "bad-input", "x-tidemark-by must be URI-encoded");
  }
  if (name.length > NAME_LENGTH_MAX || /\p{Cc}/u.test(name))
    throw new Refusal(400, "bad-input", `x-tidemark-by is at most ${NAME_LENGTH_MAX} characters`);
  return name;
}
