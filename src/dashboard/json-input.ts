/** JSON from outside: bounded, an object, and without the keys that could reach a prototype. */
import type { IncomingMessage } from "node:http";
import { Refusal } from "./refusal.js";

export type JsonObject = Readonly<Record<string, unknown>>;

const FORBIDDEN = ["__proto__", "constructor", "prototype"];

/** @throws Refusal - Not a JSON object, or one with a key that is never data (400). */
export function jsonObject(text: string): JsonObject {
  const value = jsonValue(text);
  if (!isObject(value)) throw new Refusal(400, "bad-input", "The input must be a JSON object");
  return value;
}

/** @throws Refusal - See {@link jsonObject}. */
export function jsonValue(text: string): unknown {
  try {
    return JSON.parse(text, (key, value: unknown) => {
      if (FORBIDDEN.includes(key)) throw new SyntaxError("forbidden");
      return value;
    });
  } catch {
    // What came isn't repeated: an answer may end up in somebody's log.
    throw new Refusal(
      400,
      "bad-input",
      `The input must be JSON, without keys named ${FORBIDDEN.join(", ")}`,
    );
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @throws Refusal - Not announced as JSON (415), or longer than `bytesMax` (413). */
export async function readBody(request: IncomingMessage, bytesMax: number): Promise<string> {
  const [type] = (request.headers["content-type"] ?? "").split(";");
  if (type?.trim().toLowerCase() !== "application/json")
    throw new Refusal(415, "unsupported-type", "Send JSON, as application/json");
  const tooLong = new Refusal(413, "too-long", `At most ${bytesMax} bytes are taken`, {
    connection: "close",
  });
  if (Number(request.headers["content-length"] ?? 0) > bytesMax) throw tooLong;
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    request.on("data", (part: Buffer) => {
      bytes += part.length;
      if (bytes <= bytesMax) parts.push(part);
      else {
        // Read no further, and not destroyed: the answer goes over the same connection.
        request.pause();
        reject(tooLong);
      }
    });
    request.on("end", () => resolve(Buffer.concat(parts).toString("utf8")));
    request.on("error", reject);
    request.on("close", () => reject(new Refusal(400, "cut-off", "The request wasn't complete")));
  });
}
