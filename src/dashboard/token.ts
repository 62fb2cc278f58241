/** The secret that opens the panel. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** 256 random bits. */
export function newToken(): string {
  return randomBytes(32).toString("base64url");
}

/** In time that doesn't tell how much of it was right, nor how long it should be. */
export function isToken(given: string | undefined, expected: string | undefined): boolean {
  if (given === undefined || expected === undefined) return false;
  return timingSafeEqual(digestOf(given), digestOf(expected));
}

function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** Headers only: what is in an address ends up in histories and logs, and a cookie is sent by whoever makes the browser ask. */
export function tokenOf(headers: IncomingHttpHeaders): string | undefined {
  const own = headers["x-tidemark-token"];
  if (typeof own === "string") return own;
  const [, bearer] = /^Bearer ([!-~]+)$/i.exec(headers.authorization ?? "") ?? [];
  return bearer;
}
