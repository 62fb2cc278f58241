/** What commands led to, counted in place as each is answered: plain numbers, nothing kept of the command itself. */
import type { Clock } from "../src/kernel/clock.js";
import { TidemarkError } from "../src/kernel/errors.js";
import type { Message, RecordedEvent } from "../src/kernel/event.js";
import { Histogram, type HistogramFigures } from "../src/kernel/histogram.js";
import type { Answer, DryRunAccepted } from "./decision.js";

/** Counts since the runtime was opened. Dry runs aren't among them. */
export interface ActorCommandFigures {
  readonly accepted: number;
  /** Of those accepted: answered from the record, since their id was known. */
  readonly duplicates: number;
  readonly rejected: number;
  readonly failed: number;
  /** Refusals by code; of more than 50 codes, and of what isn't one, those beyond are together under `other`. */
  readonly rejectedByCode: Readonly<Record<string, number>>;
  /** Errors by code, bounded alike. */
  readonly failedByCode: Readonly<Record<string, number>>;
  /** Events recorded, by type; bounded alike. */
  readonly eventsByType: Readonly<Record<string, number>>;
  /** From the call to the answer, of those accepted and rejected, in microseconds. What was accepted is on disk by then. */
  readonly latencyUs: HistogramFigures;
}

/** The last ten seconds, and the one in progress. */
export interface RecentCommandFigures {
  /** How much time the figures are of: up to 11 seconds, less when the runtime was opened just now. */
  readonly seconds: number;
  readonly acceptedPerSecond: number;
  readonly rejectedPerSecond: number;
  readonly failedPerSecond: number;
  /** Of commands answered in that time; 0 where there was none. At most a quarter too high. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Commands that the percentiles are of. */
  readonly samples: number;
}

/** What commands led to. */
export interface CommandFigures {
  /** Commands to aggregates; inputs of sagas and rule sets aren't among them. */
  readonly recent: RecentCommandFigures;
  /** By name of the aggregate, saga or rule set. */
  readonly actors: Readonly<Record<string, ActorCommandFigures>>;
}

const CODES_MAX = 50;
const CODE = /^[a-z][a-z0-9-]{0,63}$/;
const TYPES_MAX = 200;
const TYPE = /^[A-Za-z][\w.:/-]{0,99}$/;
/** From an eighth of a millisecond to a minute. */
const LATENCY_US_FROM = 2 ** 7;
const LATENCY_US_TO = 2 ** 26;

/** The code of a refusal, for those who keep no payloads: a refusal may give anything for one. */
export function loggedCode(code: string): string {
  return CODE.test(code) ? code : "other";
}

/** Counts by name. Bounded, and nothing but names: a refusal may give anything for a code. */
class NameCounts {
  readonly #pattern: RegExp;
  readonly #namesMax: number;
  readonly #counts = new Map<string, number>();

  constructor(pattern: RegExp, namesMax: number) {
    this.#pattern = pattern;
    this.#namesMax = namesMax;
  }

  add(name: string): void {
    const known = this.#counts.get(name);
    if (known !== undefined) this.#counts.set(name, known + 1);
    else if (this.#counts.size < this.#namesMax && this.#pattern.test(name))
      this.#counts.set(name, 1);
    else this.#counts.set("other", (this.#counts.get("other") ?? 0) + 1);
  }

  figures(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }
}

/** Of one aggregate, saga or rule set. */
export class CommandRecorder {
  readonly #clock: Clock;
  readonly #recent: RecentCommands | undefined;
  #accepted = 0;
  #duplicates = 0;
  #rejected = 0;
  #failed = 0;
  readonly #rejectedByCode = new NameCounts(CODE, CODES_MAX);
  readonly #failedByCode = new NameCounts(CODE, CODES_MAX);
  readonly #eventsByType = new NameCounts(TYPE, TYPES_MAX);
  readonly #latencyUs = new Histogram();

  constructor(clock: Clock, recent: RecentCommands | undefined) {
    this.#clock = clock;
    this.#recent = recent;
  }

  /** @param startedAtMs - Monotonic time at which it was called. */
  answered(startedAtMs: number, answer: Answer | DryRunAccepted<unknown, Message>): void {
    const nowMs = this.#clock.monotonicMs();
    const us = (nowMs - startedAtMs) * 1_000;
    this.#latencyUs.record(us);
    if (answer.status === "rejected") {
      this.#rejected += 1;
      this.#rejectedByCode.add(answer.code);
      this.#recent?.rejected(nowMs, us);
      return;
    }
    this.#accepted += 1;
    if ("duplicate" in answer && answer.duplicate) this.#duplicates += 1;
    this.#recent?.accepted(nowMs, us);
  }

  /** Its commit is on disk: told once for each, whether or not somebody still waits for an answer. */
  recorded(events: readonly RecordedEvent[]): void {
    for (const { type } of events) this.#eventsByType.add(type);
  }

  failed(error: Error): void {
    this.#failed += 1;
    this.#failedByCode.add(error instanceof TidemarkError ? error.code : "other");
    this.#recent?.failed(this.#clock.monotonicMs());
  }

  figures(): ActorCommandFigures {
    return {
      accepted: this.#accepted,
      duplicates: this.#duplicates,
      rejected: this.#rejected,
      failed: this.#failed,
      rejectedByCode: this.#rejectedByCode.figures(),
      failedByCode: this.#failedByCode.figures(),
      eventsByType: this.#eventsByType.figures(),
      latencyUs: this.#latencyUs.figures(LATENCY_US_FROM, LATENCY_US_TO),
    };
  }
}

const SLICE_MS = 1_000;
/** Ten whole ones, and the one in progress. */
const SLICES = 11;

/** A second. */
class Slice {
  /** Which second of the monotonic clock. */
  number = -1;
  accepted = 0;
  rejected = 0;
  failed = 0;
  readonly latencyUs = new Histogram();

  begin(number: number): void {
    this.number = number;
    this.accepted = this.rejected = this.failed = 0;
    this.latencyUs.clear();
  }
}

/** The last ten seconds of all aggregates together, a slice for each second. */
export class RecentCommands {
  readonly #openedAtMs: number;
  readonly #slices = Array.from({ length: SLICES }, () => new Slice());
  #current = this.#slices[0] as Slice;

  constructor(nowMs: number) {
    this.#openedAtMs = nowMs;
  }

  accepted(nowMs: number, us: number): void {
    const slice = this.#sliceAt(nowMs);
    slice.accepted += 1;
    slice.latencyUs.record(us);
  }

  rejected(nowMs: number, us: number): void {
    const slice = this.#sliceAt(nowMs);
    slice.rejected += 1;
    slice.latencyUs.record(us);
  }

  failed(nowMs: number): void {
    this.#sliceAt(nowMs).failed += 1;
  }

  #sliceAt(nowMs: number): Slice {
    const number = Math.floor(nowMs / SLICE_MS);
    if (this.#current.number === number) return this.#current;
    this.#current = this.#slices[number % SLICES] as Slice;
    if (this.#current.number !== number) this.#current.begin(number);
    return this.#current;
  }

  figures(nowMs: number): RecentCommandFigures {
    const oldest = Math.floor(nowMs / SLICE_MS) - SLICES + 1;
    const latencyUs = new Histogram();
    let accepted = 0;
    let rejected = 0;
    let failed = 0;
    for (const slice of this.#slices) {
      if (slice.number < oldest) continue;
      accepted += slice.accepted;
      rejected += slice.rejected;
      failed += slice.failed;
      latencyUs.merge(slice.latencyUs);
    }
    const sinceMs = Math.max(oldest * SLICE_MS, this.#openedAtMs);
    // A figure of the first moments would be one of chance.
    const seconds = Math.max(1, (nowMs - sinceMs) / 1_000);
    return {
      seconds,
      acceptedPerSecond: accepted / seconds,
      rejectedPerSecond: rejected / seconds,
      failedPerSecond: failed / seconds,
      p50Ms: latencyUs.percentile(50) / 1_000,
      p99Ms: latencyUs.percentile(99) / 1_000,
      samples: latencyUs.count,
    };
  }
}
