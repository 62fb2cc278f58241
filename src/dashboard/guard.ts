/** Who is let in: each check is one way in which somebody else's page, or somebody else, could ask. */
import type { IncomingMessage } from "node:http";
import { hostNameOf } from "./options.js";
import { Rate, type RateLimit } from "./rate-limit.js";
import { Refusal } from "./refusal.js";
import { isToken, tokenOf } from "./token.js";

export interface GuardOptions {
  readonly hostNames: ReadonlySet<string>;
  readonly scheme: "http" | "https";
  readonly token: string;
  readonly metricsToken: string | undefined;
  readonly requests: RateLimit;
  readonly failedTokens: RateLimit;
  readonly nowMs: () => number;
}

export class Guard {
  readonly #options: GuardOptions;
  readonly #requests: Rate;
  readonly #failed: Rate;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#requests = new Rate(options.requests, options.nowMs);
    this.#failed = new Rate(options.failedTokens, options.nowMs);
  }

  /**
   * Of every request, before anything else is looked at.
   *
   * @throws Refusal - Too many (429), asked by another name (421), or by another site's page (403).
   */
  checkSource(request: IncomingMessage): void {
    if (!this.#requests.take()) throw tooMany();
    const { hostNames, scheme } = this.#options;
    const { host, origin } = request.headers;
    // A name of another site that was made to point here (DNS rebinding) makes its pages same-origin with the panel.
    const name = hostNameOf(host);
    if (host === undefined || name === undefined || !hostNames.has(name))
      throw new Refusal(421, "wrong-host", "The panel doesn't go by this name; see allowedHosts");
    if (origin !== undefined && origin.toLowerCase() !== `${scheme}://${host}`.toLowerCase())
      throw new Refusal(403, "wrong-origin", "Only the panel's own page may ask");
    if (!isOwnPage(request))
      throw new Refusal(403, "wrong-site", "Only the panel's own page may ask");
  }

  /** @throws Refusal - No token, or a wrong one (401); too many wrong ones (429). */
  checkToken(request: IncomingMessage): void {
    this.#check(request, (given) => isToken(given, this.#options.token));
  }

  /** As `checkToken`; the token for metrics will do. */
  checkMetricsToken(request: IncomingMessage): void {
    const { token, metricsToken } = this.#options;
    this.#check(request, (given) => {
      const isMetrics = isToken(given, metricsToken);
      return isToken(given, token) || isMetrics;
    });
  }

  #check(request: IncomingMessage, isRight: (given: string | undefined) => boolean): void {
    const given = tokenOf(request.headers);
    const right = isRight(given);
    // Also a right one: else whoever guesses learns which one it was from being told that it is too late.
    if (given !== undefined && this.#failed.isEmpty()) throw tooMany();
    if (right) return;
    if (given !== undefined) this.#failed.take();
    throw new Refusal(
      401,
      given === undefined ? "token-missing" : "token-wrong",
      "Give the token that was printed when the panel was started, as Authorization: Bearer or x-tidemark-token",
      { "www-authenticate": "Bearer" },
    );
  }
}

function tooMany(): Refusal {
  return new Refusal(429, "too-many-requests", "Too many requests; wait a second", {
    "retry-after": "1",
  });
}

/** A link on another site may lead to the panel's page, which holds nothing; everything else is for its own page only. */
function isOwnPage({ method, url, headers }: IncomingMessage): boolean {
  const site = headers["sec-fetch-site"];
  if (site === undefined || site === "same-origin") return true;
  const isVisit =
    headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document";
  return method === "GET" && url === "/" && isVisit;
}
