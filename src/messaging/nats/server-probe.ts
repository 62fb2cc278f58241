/**
 * Asks an address whether a NATS server answers there, before the client connects. The client can't be told to give up: where
 * the other side accepts and stays silent, it would keep a socket for every attempt.
 */
import { connect } from "node:net";
import type { Clock } from "../../kernel/clock.js";

const GREETING = /^INFO\s/i;

/** Resolves once the server greets. Rejects where it doesn't within the time. */
export function probe(
  server: string,
  timeoutMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const at = server.lastIndexOf(":");
  const host = server.slice(0, at).replace(/^\[|\]$/g, "");
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(server.slice(at + 1)) });
    const onAbort = () => end(new Error("closed while it connected"));
    const end = (error?: Error) => {
      timer.cancel();
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      if (error === undefined) resolve();
      else reject(error);
    };
    const timer = clock.setTimer(timeoutMs, () =>
      end(new Error(`no greeting from ${server} within ${timeoutMs} ms`)),
    );
    signal.addEventListener("abort", onAbort, { once: true });
    socket.once("error", (error) => end(error));
    socket.once("close", () => end(new Error(`${server} closed the connection`)));
    socket.once("data", (chunk: Buffer) => {
      const greeted = GREETING.test(chunk.toString("latin1"));
      end(greeted ? undefined : new Error(`${server} is no NATS server`));
    });
  });
}
