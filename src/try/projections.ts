/** A candidate projection folded into memory up to where the one that serves is, and both compared. */
import type { Journal, ViewStore } from "../../journal/index.js";
import type { Clock } from "../kernel/clock.js";
import { asError } from "../kernel/errors.js";
import type { Position } from "../kernel/event.js";
import type { GenerationDiff } from "../projections/diff.js";
import { checkpointOf, servingGeneration } from "../projections/generations.js";
import type { ParkedEvent } from "../projections/parking.js";
import { PastViewBuild, type PastViewPorts } from "../projections/past-view.js";
import type { AnyProjection } from "../projections/projection.js";

/** What a candidate projection makes of the log. */
export interface ProjectionTrial {
  readonly projection: string;
  /** Of the one that serves; 0 where none does. */
  readonly servingVersion: number;
  readonly version: number;
  /** Up to where both were compared. */
  readonly position: Position;
  /** Undefined where none serves, or the candidate failed. */
  readonly diff: GenerationDiff | undefined;
  /** Events that its handlers can't take: how many, and the first of them. */
  readonly parked: number;
  readonly parkedSamples: readonly ParkedEvent[];
  /** Why it came to nothing: a handler stopped it, or its documents take more than `bytesMax`. */
  readonly error: string | undefined;
}

const SAMPLES_MAX = 5;

export interface ProjectionTrialPorts extends PastViewPorts {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly views: ViewStore;
  readonly bytesMax: number;
}

export async function tryProjection(
  candidate: AnyProjection,
  ports: ProjectionTrialPorts,
): Promise<ProjectionTrial> {
  const { journal, clock, views, bytesMax } = ports;
  const snapshot = views.snapshot();
  try {
    const serving = servingGeneration(snapshot, candidate.name);
    const at = serving === undefined ? journal.head() : checkpointOf(snapshot, serving.id);
    const build = new PastViewBuild(candidate, { position: at }, { bytesMax }, ports);
    const about = {
      projection: candidate.name,
      servingVersion: serving?.version ?? 0,
      version: candidate.version,
      position: at,
    };
    try {
      const { parked } = await build.run();
      const before = serving && { reader: snapshot, generation: serving };
      const diff = before && (await build.diffFrom(before, clock));
      const parkedSamples = parked.slice(0, SAMPLES_MAX);
      return { ...about, diff, parked: parked.length, parkedSamples, error: undefined };
    } catch (error) {
      const { message } = asError(error);
      return { ...about, diff: undefined, parked: 0, parkedSamples: [], error: message };
    }
  } finally {
    snapshot.close();
  }
}
