/** The events that facts go back to. */
import type { Position } from "../kernel/event.js";

/** An event that contributed to a fact: its position, which part of what it stands for today, and its type. */
export type Cause = readonly [position: Position, part: number, type: string];

/** The events that made a fact: the first and the newest, at most 16, in order. */
export interface Causes {
  readonly causes: readonly Cause[];
  readonly causesDropped?: number;
}

/** An event that contributed to a fact. */
export interface FiredCause {
  readonly position: Position;
  readonly type: string;
  /** Which of the events that the recorded one stands for today; absent for the first. */
  readonly part?: number;
}
