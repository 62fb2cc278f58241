/**
 * The intake: every line becomes a command to the actor of its case. The line's number is the command's id, so a line
 * that is sent again after an interruption is answered from the journal and not handled twice.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import type { Runtime } from "tidemark";
import { caseOf, type RecordedFact } from "./case.js";
import { parseFact, type Line, type LineSource } from "./facts.js";

export interface IntakeOptions {
  readonly runtime: Runtime;
  readonly source: LineSource;
  /** Where lines go that are no facts. */
  readonly rejectsPath: string;
  readonly onProgress: (lines: number) => void;
  readonly onReject: (line: number, problem: string) => void;
  /** Asked before each line; true ends the intake. */
  readonly isInterrupted: () => boolean;
}

export interface IntakeResult {
  readonly lines: number;
  readonly sent: number;
  /** Sent, and found to be recorded already. */
  readonly repeated: number;
  readonly rejected: number;
  readonly rejectsPath: string;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly inFlight: number;
  readonly resumedAfterLine: number;
  /** The latest time of the facts that were sent; 0 where none was. */
  readonly lastAtMs: number;
}

/**
 * Lines on their way at a time. Line n is sent only when line n - 512 has been answered; so when the last recorded event
 * is of line m, every line up to m - 2 * 512 is recorded, and the rest is sent again.
 */
const IN_FLIGHT = 512;

export async function takeIn(options: IntakeOptions): Promise<IntakeResult> {
  const { runtime, source, rejectsPath, onProgress, onReject, isInterrupted } = options;
  const resumedAfterLine = Math.max(0, lastRecordedLine(runtime) - 2 * IN_FLIGHT);
  const rejects = new Rejects(rejectsPath);
  const window = new Array<Promise<void>>(IN_FLIGHT).fill(Promise.resolve());
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  let lines = 0;
  let repeated = 0;
  let lastAtMs = 0;

  async function send(
    line: number,
    fact: RecordedFact & { entity: keyof typeof caseOf; id: string },
  ): Promise<void> {
    const sentAt = performance.now();
    const { entity, id, ...data } = fact;
    const answer = await runtime.ask(
      caseOf[entity],
      id,
      { type: "RecordFact", data },
      { commandId: `line-${line}` },
    );
    latenciesMs.push(performance.now() - sentAt);
    if (answer.status === "accepted" && answer.duplicate) repeated += 1;
  }

  for await (const line of source.lines()) {
    if (isInterrupted()) break;
    lines = line.number;
    onProgress(lines);
    if (line.number <= resumedAfterLine) continue;
    const fact = parseFact(line.text);
    if (typeof fact === "string") {
      if (rejects.add(line, fact)) onReject(line.number, fact);
      continue;
    }
    lastAtMs = Math.max(lastAtMs, Date.parse(fact.at));
    const slot = line.number % IN_FLIGHT;
    await window[slot];
    window[slot] = send(line.number, { ...withoutSeq(fact), line: line.number });
    // Awaited when its slot comes round; until then a failure must not count as unhandled.
    void window[slot].catch(() => undefined);
  }
  await Promise.all(window);

  latenciesMs.sort((a, b) => a - b);
  const sent = latenciesMs.length;
  return {
    lines,
    sent,
    repeated,
    rejected: rejects.count,
    rejectsPath,
    seconds: (performance.now() - startedAt) / 1_000,
    p50Ms: latenciesMs[Math.floor(sent * 0.5)] ?? 0,
    p99Ms: latenciesMs[Math.floor(sent * 0.99)] ?? 0,
    inFlight: IN_FLIGHT,
    resumedAfterLine,
    lastAtMs,
  };
}

function withoutSeq<T extends object>(fact: T): Omit<T, "seq"> {
  const { seq: _seq, ...rest } = fact as T & { seq?: number };
  return rest;
}

/** The line of the last fact in the journal: how far an earlier run came. What rules made of it may be recorded behind it. */
function lastRecordedLine(runtime: Runtime): number {
  const filter = { eventTypes: ["FactRecorded"] };
  for (let span = IN_FLIGHT; ; span *= 8) {
    const after = Math.max(0, runtime.head - span);
    let line = 0;
    for (const { data } of runtime.events({ after, filter })) ({ line } = data as RecordedFact);
    if (line > 0 || after === 0) return line;
  }
}

/** Bad lines with what is wrong with them, each once however often the run is interrupted. */
class Rejects {
  readonly #path: string;
  readonly #known = new Set<number>();

  constructor(path: string) {
    this.#path = path;
    if (!existsSync(path)) return;
    for (const text of readFileSync(path, "utf8").split("\n")) {
      // A line cut off by a kill is written again when its turn comes.
      if (text.endsWith("}")) this.#known.add((JSON.parse(text) as { line: number }).line);
    }
  }

  get count(): number {
    return this.#known.size;
  }

  /** False where it is known. */
  add(line: Line, problem: string): boolean {
    if (this.#known.has(line.number)) return false;
    this.#known.add(line.number);
    appendFileSync(
      this.#path,
      `${JSON.stringify({ line: line.number, problem, text: line.text.slice(0, 1_000) })}\n`,
    );
    return true;
  }
}
