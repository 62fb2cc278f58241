/** What a new version of a rule set would have done with history, against what was recorded of the one before. */
import { counted } from "../kernel/counted.js";
import type { Position } from "../kernel/event.js";

/** A firing, as a report shows it. */
export interface FiringSample {
  readonly sessionId: string;
  readonly atMs: number;
  /** Types of its alerts. */
  readonly alerts: readonly string[];
}

/** One rule of either version. */
export interface RuleChange {
  readonly rule: string;
  /** Firings that were recorded. */
  readonly before: number;
  /** Firings of the replay. */
  readonly after: number;
  /** Of the replay, and not recorded. */
  readonly gained: number;
  /** Recorded, and not of the replay. */
  readonly lost: number;
  /** Some of those. */
  readonly samples: {
    readonly gained: readonly FiringSample[];
    readonly lost: readonly FiringSample[];
  };
}

/** Firings are the same where rule, session and moment are. */
export interface ChangeReport {
  readonly ruleSet: string;
  /** 0 where nothing was deployed before. */
  readonly fromVersion: number;
  readonly toVersion: number;
  /** What was replayed: the events behind the first and up to the second position. */
  readonly after: Position;
  readonly upTo: Position;
  readonly sessions: number;
  /** In the order of their names. */
  readonly rules: readonly RuleChange[];
  /** Sessions of the replay that a rule failed in; the first of them and why. */
  readonly failures: number;
  readonly failure?: string;
}

const SAMPLES_MAX = 5;

interface Tally {
  before: number;
  after: number;
  lost: number;
  readonly samples: { readonly gained: FiringSample[]; readonly lost: FiringSample[] };
}

/** Counts a report together. */
export class ChangeTally {
  readonly #rules = new Map<string, Tally>();

  /** A firing of the replay. */
  replayed(rule: string): void {
    this.#tally(rule).after += 1;
  }

  /** A recorded firing. */
  recorded(rule: string, sample: FiringSample, isReplayed: boolean): void {
    const tally = this.#tally(rule);
    tally.before += 1;
    if (isReplayed) return;
    tally.lost += 1;
    if (tally.samples.lost.length < SAMPLES_MAX) tally.samples.lost.push(sample);
  }

  /** Whether another sample is wanted of a rule's gained firings. */
  gained(rule: string, sample: FiringSample): void {
    const { samples } = this.#tally(rule);
    if (samples.gained.length < SAMPLES_MAX) samples.gained.push(sample);
  }

  rules(): RuleChange[] {
    return [...this.#rules]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([rule, { before, after, lost, samples }]) => ({
        rule,
        before,
        after,
        gained: after - (before - lost),
        lost,
        samples,
      }));
  }

  #tally(rule: string): Tally {
    let tally = this.#rules.get(rule);
    if (tally === undefined) {
      tally = { before: 0, after: 0, lost: 0, samples: { gained: [], lost: [] } };
      this.#rules.set(rule, tally);
    }
    return tally;
  }
}

/** A report for people. */
export function changeText(report: ChangeReport): string {
  const { ruleSet, fromVersion, toVersion, after, upTo, sessions, rules, failures } = report;
  const lines = [
    `rule set ${ruleSet}: version ${fromVersion} -> ${toVersion}, events ${after + 1} to ${upTo}, ${counted(sessions, "session", "sessions")}`,
  ];
  const width = Math.max(4, ...rules.map(({ rule }) => rule.length));
  lines.push(
    `  ${"rule".padEnd(width)}  ${"before".padStart(8)}  ${"after".padStart(8)}  ${"gained".padStart(8)}  ${"lost".padStart(8)}`,
  );
  for (const { rule, before, after: now, gained, lost, samples } of rules) {
    const figures = [before, now, gained, lost].map((figure) => String(figure).padStart(8));
    lines.push(`  ${rule.padEnd(width)}  ${figures.join("  ")}`);
    for (const sample of samples.gained) lines.push(`    + ${sampleText(sample)}`);
    for (const sample of samples.lost) lines.push(`    - ${sampleText(sample)}`);
  }
  if (failures > 0)
    lines.push(`  in ${counted(failures, "session", "sessions")} a rule failed: ${report.failure}`);
  return lines.join("\n");
}

function sampleText({ sessionId, atMs, alerts }: FiringSample): string {
  const what = alerts.length === 0 ? "" : `: ${alerts.join(", ")}`;
  return `${sessionId} at ${new Date(atMs).toISOString()}${what}`;
}
