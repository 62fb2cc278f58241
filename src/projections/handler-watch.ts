/**
 * Notices a handler that doesn't return. It blocks the event loop, so nothing in this thread can: a worker thread looks at
 * a few shared numbers once a second, and says on standard error which handler hangs, and on which event. One worker serves
 * all runtimes of the process; it starts with the first projection, and doesn't keep the process alive.
 */
import { Worker } from "node:worker_threads";
import type { Clock } from "../kernel/clock.js";
import type { Position } from "../kernel/event.js";

/** Per reader: since when it handles a page (wall time, 0 for not at all), the event in hand, and after how long to speak. */
const FIELDS = 3;
const READERS_MAX = 1_024;
const LOOK_EVERY_MS = 500;

// Text, since a worker's file would have to be found from sources, from dist and from bundles alike.
const WORKER = `
const { workerData, parentPort } = require("node:worker_threads");
const { writeSync } = require("node:fs");
const fields = new Float64Array(workerData.buffer);
const names = new Map();
const told = new Map();
parentPort.on("message", ([slot, name]) => names.set(slot, name));
setInterval(() => {
  for (const [slot, name] of names) {
    const since = fields[slot * ${FIELDS}], position = fields[slot * ${FIELDS} + 1];
    const afterMs = fields[slot * ${FIELDS} + 2];
    if (since === 0 || afterMs === 0 || Date.now() - since < afterMs || told.get(slot) === since) continue;
    told.set(slot, since);
    try {
      writeSync(2, "tidemark: " + name + " hangs: its handler has been at the event at position " +
        position + " for " + Math.round((Date.now() - since) / 1000) + " s, and blocks the process\\n");
    } catch {}
  }
}, ${LOOK_EVERY_MS});
`;

let shared: { readonly worker: Worker; readonly fields: Float64Array } | undefined;
const free: number[] = [];
let used = 0;

function start(): NonNullable<typeof shared> {
  if (shared !== undefined) return shared;
  const buffer = new SharedArrayBuffer(READERS_MAX * FIELDS * Float64Array.BYTES_PER_ELEMENT);
  const worker = new Worker(WORKER, { eval: true, workerData: { buffer } });
  worker.unref();
  // Without it, a handler that hangs isn't named; nothing else depends on it.
  worker.on("error", () => (shared = undefined));
  shared = { worker, fields: new Float64Array(buffer) };
  return shared;
}

/** One reader's place among the shared numbers. */
export class HandlerWatch {
  readonly #fields: Float64Array | undefined;
  readonly #slot: number;
  readonly #clock: Clock;

  /** @param hangingAfterMs - Time on one page after which its handler counts as hanging; 0 for never. */
  constructor(name: string, hangingAfterMs: number, clock: Clock) {
    this.#clock = clock;
    this.#slot = hangingAfterMs === 0 ? -1 : (free.pop() ?? (used < READERS_MAX ? used++ : -1));
    if (this.#slot < 0) return;
    const { worker, fields } = start();
    this.#fields = fields;
    this.#set(2, hangingAfterMs);
    worker.postMessage([this.#slot, name]);
  }

  #set(field: number, value: number): void {
    if (this.#fields !== undefined) this.#fields[this.#slot * FIELDS + field] = value;
  }

  /** A page begins. */
  begin(): void {
    if (this.#fields !== undefined) this.#set(0, this.#clock.nowMs());
  }

  /** An event's handler begins. */
  at(position: Position): void {
    this.#set(1, position);
  }

  /** The page is done, or others have their turn. */
  end(): void {
    this.#set(0, 0);
  }

  close(): void {
    this.#set(0, 0);
    if (this.#slot >= 0) free.push(this.#slot);
  }
}
