/** A client of the socket of a directory. */
import { createConnection, type Socket } from "node:net";
import { asError } from "../kernel/errors.js";
import type { AdminClient, InputOf, OperationName, OutputOf } from "./api.js";
import { findControlPath } from "./control-path.js";
import { AdminClosedError, NoOwnerError } from "./errors.js";
import { LineReader } from "./line-reader.js";
import { toJsonForm } from "../kernel/json-form.js";
import { answerOf, outputOf, type WireCancel, type WireRequest } from "./wire.js";

const ANSWER_BYTES_MAX = 256 * 1024 * 1024;

interface Waiting {
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** @throws NoOwnerError - Nobody runs a service on that directory, or it doesn't listen. */
export async function connectControl(directory: string): Promise<AdminClient> {
  const path = findControlPath(directory);
  const socket = createConnection(path);
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", (cause) => reject(new NoOwnerError(directory, { cause })));
  });
  return new ControlClient(socket);
}

class ControlClient implements AdminClient {
  readonly #socket: Socket;
  readonly #lines = new LineReader(ANSWER_BYTES_MAX);
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.removeAllListeners("error");
    socket.on("data", (piece: Buffer) => this.#read(piece));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#fail(new AdminClosedError()));
    // Only an answer that somebody waits for keeps the process alive.
    socket.unref();
  }

  async call<Name extends OperationName>(
    operation: Name,
    input: InputOf<Name>,
    { by, signal }: { readonly by?: string; readonly signal?: AbortSignal } = {},
  ): Promise<OutputOf<Name>> {
    signal?.throwIfAborted();
    if (this.#socket.destroyed) throw new AdminClosedError();
    const id = ++this.#lastId;
    const form = toJsonForm(input);
    const answered = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    const cancel = () => {
      this.#write({ id, cancel: true });
      this.#settle(id)?.reject(asError(signal?.reason));
    };
    signal?.addEventListener("abort", cancel);
    this.#socket.ref();
    this.#write({ id, operation, input: form, ...(by === undefined ? {} : { by }) });
    try {
      return (await answered) as OutputOf<Name>;
    } finally {
      signal?.removeEventListener("abort", cancel);
      if (this.#waiting.size === 0) this.#socket.unref();
    }
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.closed) return resolve();
      this.#socket.once("close", () => resolve());
      this.#socket.destroy();
    });
  }

  #write(message: WireRequest | WireCancel): void {
    this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  #read(piece: Buffer): void {
    try {
      const lines = this.#lines.read(piece);
      if (lines === undefined) throw new AdminClosedError();
      for (const line of lines) this.#answered(line);
    } catch (error) {
      this.#fail(asError(error));
      this.#socket.destroy();
    }
  }

  #answered(line: string): void {
    const answer = answerOf(JSON.parse(line));
    const waiting = this.#settle(answer.id);
    if (waiting === undefined) return;
    try {
      waiting.resolve(outputOf(answer));
    } catch (error) {
      waiting.reject(asError(error));
    }
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #fail(error: Error): void {
    for (const id of [...this.#waiting.keys()]) this.#settle(id)?.reject(error);
  }
}
