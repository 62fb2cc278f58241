/** One connection to the socket of a directory: requests come line by line, several at a time, and are answered as they are done. */
import type { Socket } from "node:net";
import { asError, InvalidArgumentError } from "../kernel/errors.js";
import type { AdminService } from "./admin-service.js";
import type { Caller } from "./caller.js";
import { LineReader } from "./line-reader.js";
import { answerTo, failureText, requestOf, type WireRequest } from "./wire.js";

/** Bytes of a request. */
const LINE_BYTES_MAX = 1024 * 1024;
/** Requests carried out at a time; the next ones wait where they are. */
const IN_HAND_MAX = 32;
/** In the place of the id of what can't be read. */
const NO_ID = 0;

export class ControlConnection {
  readonly #service: AdminService;
  readonly #socket: Socket;
  readonly #caller: Caller;
  readonly #lines = new LineReader(LINE_BYTES_MAX);
  readonly #inHand = new Map<number, AbortController>();
  /** Lines of the last piece that came which aren't looked at yet; no other piece is read meanwhile. */
  #waiting: string[] = [];

  constructor(service: AdminService, socket: Socket, caller: Caller) {
    this.#service = service;
    this.#socket = socket;
    this.#caller = caller;
    socket.on("data", (piece: Buffer) => this.#read(piece));
    socket.on("drain", () => this.#pump());
    // Whoever goes away in the middle of something is gone: there is nobody to tell.
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.#waiting = [];
      for (const each of this.#inHand.values()) each.abort();
    });
  }

  #read(piece: Buffer): void {
    const lines = this.#lines.read(piece);
    if (lines === undefined) {
      const error = new InvalidArgumentError(
        "request",
        `a line of at most ${LINE_BYTES_MAX} bytes`,
        "a longer one",
      );
      this.#socket.removeAllListeners("data");
      this.#socket.end(`${failureText(NO_ID, error)}\n`, () => this.#socket.destroy());
      return;
    }
    this.#waiting.push(...lines);
    this.#pump();
  }

  #pump(): void {
    while (this.#waiting.length > 0 && this.#inHand.size < IN_HAND_MAX && !this.#isFull()) {
      const line = this.#waiting.shift() ?? "";
      if (line.trim() !== "") this.#take(line);
    }
    if (this.#waiting.length > 0) this.#socket.pause();
    else this.#socket.resume();
  }

  /** It doesn't read its answers: it gets no more before it does. */
  #isFull(): boolean {
    return this.#socket.writableNeedDrain;
  }

  #take(line: string): void {
    let id = NO_ID;
    try {
      const json: unknown = JSON.parse(line);
      const given = (json as { readonly id?: unknown } | null)?.id;
      if (typeof given === "number") id = given;
      const request = requestOf(json);
      if ("cancel" in request) this.#inHand.get(request.id)?.abort();
      else if (this.#inHand.has(request.id))
        throw new InvalidArgumentError("id", "one that isn't in use", request.id);
      else void this.#carryOut(request);
    } catch (error) {
      const problem =
        error instanceof SyntaxError
          ? new InvalidArgumentError("request", "a line of JSON", asError(error).message)
          : error;
      this.#write(failureText(id, problem));
    }
  }

  async #carryOut(request: WireRequest): Promise<void> {
    const controller = new AbortController();
    this.#inHand.set(request.id, controller);
    const answer = await answerTo(this.#service, request, this.#caller, controller.signal);
    this.#inHand.delete(request.id);
    this.#write(answer);
    this.#pump();
  }

  #write(line: string): void {
    if (this.#socket.writable) this.#socket.write(`${line}\n`);
  }
}
