/** Windows: kinds of facts that sum up what was added to them over time. */
import { checkInteger, checkObject } from "../kernel/check.js";
import { checkDuration, checkKindName, type Kind } from "./fact.js";

/** The data of a window's fact. */
export interface WindowValue {
  /** Of samples. */
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** How many different labels its samples have; those without a label don't count. */
  readonly distinct: number;
  /** The labels in order of text; absent where there are none, or more than 32. */
  readonly labels?: readonly string[];
  /** Times of the earliest and the latest sample. */
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  /**
   * What it covers: of a tumbling window the moments from `fromMs` up to, not with, `toMs`; of a session window from its first
   * sample to when it closes unless another comes; of a sliding one and of a counter from the first sample to the last.
   */
  readonly fromMs: number;
  readonly toMs: number;
  /** True once, when a tumbling or session window has closed; then it goes. */
  readonly closed: boolean;
}

/** The last `sizeMs`, at every moment: of a sample it is free when it is `sizeMs` old. */
export interface SlidingWindowKind extends Kind<WindowValue> {
  readonly form: "sliding";
  readonly sizeMs: number;
  readonly prompt: boolean;
}

/** One window after the other, all of one size. */
export interface TumblingWindowKind extends Kind<WindowValue> {
  readonly form: "tumbling";
  readonly sizeMs: number;
  readonly offsetMs: number;
}

/** A window for each run of samples between which there is no gap longer than `gapMs`. */
export interface SessionWindowKind extends Kind<WindowValue> {
  readonly form: "session";
  readonly gapMs: number;
}

/** Everything since the beginning. */
export interface CounterKind extends Kind<WindowValue> {
  readonly form: "counter";
}

/** Any kind of window. */
export type WindowKind = SlidingWindowKind | TumblingWindowKind | SessionWindowKind | CounterKind;

/**
 * Defines a sliding window: the samples of the last `sizeMs` before the session's latest moment. The id of its facts is the group.
 * A window without samples is no fact.
 *
 * @param options.prompt - Whether rules are to see each sample leave when it does. By default samples leave
 *   when the session next has something to do.
 * @throws InvalidArgumentError - A name or a time isn't valid.
 */
export function slidingWindow(
  name: string,
  options: { readonly sizeMs: number; readonly prompt?: boolean },
): SlidingWindowKind {
  checkKindName(name);
  checkObject(`options of window ${name}`, options);
  const { sizeMs, prompt = false } = options;
  checkDuration(`sizeMs of window ${name}`, sizeMs);
  return Object.freeze({ name, form: "sliding", sizeMs, prompt } as const);
}

/**
 * Defines windows of one size, one behind the other: a fact for each that is open, its id `<group>@<fromMs>`, or `@<fromMs>`
 * without a group. When its end has passed it is there once more with `closed`, then it goes.
 *
 * @param options.offsetMs - The windows begin at its multiples of `sizeMs` after this moment; defaults to 0, midnight UTC of days.
 * @throws InvalidArgumentError - A name or a time isn't valid.
 */
export function tumblingWindow(
  name: string,
  options: { readonly sizeMs: number; readonly offsetMs?: number },
): TumblingWindowKind {
  checkKindName(name);
  checkObject(`options of window ${name}`, options);
  const { sizeMs, offsetMs = 0 } = options;
  checkDuration(`sizeMs of window ${name}`, sizeMs);
  checkInteger(
    `offsetMs of window ${name}`,
    offsetMs,
    -Number.MAX_SAFE_INTEGER,
    Number.MAX_SAFE_INTEGER,
  );
  return Object.freeze({ name, form: "tumbling", sizeMs, offsetMs } as const);
}

/**
 * Defines windows that last as long as samples come: each ends `gapMs` after its last sample. Ids and closing as of
 * {@link tumblingWindow}.
 *
 * @throws InvalidArgumentError - A name or a time isn't valid.
 */
export function sessionWindow(
  name: string,
  options: { readonly gapMs: number },
): SessionWindowKind {
  checkKindName(name);
  checkObject(`options of window ${name}`, options);
  const { gapMs } = options;
  checkDuration(`gapMs of window ${name}`, gapMs);
  return Object.freeze({ name, form: "session", gapMs } as const);
}

/**
 * Defines a counter: a window without an end. The id of its facts is the group.
 *
 * @throws InvalidArgumentError - The name isn't valid.
 */
export function counter(name: string): CounterKind {
  checkKindName(name);
  return Object.freeze({ name, form: "counter" } as const);
}
