/**
 * A candidate saga over the histories of its instances: each recorded input is given to it again, on the state that it met then, and
 * what it asks for is compared with what was asked for. Nothing leaves: commands are looked at.
 */
import { readAll, throughCodec, type Journal, type ViewReader } from "../../journal/index.js";
import {
  evolveInstance,
  NEW_INSTANCE,
  replayInput,
  SagaCounts,
  type DeployReport,
  type InstanceState,
  type Saga,
  type SagaInput,
  type StepRecord,
} from "../../sagas/index.js";
import type { Clock } from "../kernel/clock.js";
import { asError } from "../kernel/errors.js";
import type { RecordedEvent } from "../kernel/event.js";
import { samePlainData } from "../kernel/same-plain-data.js";

/** A command that a candidate would send, or that was sent. */
export interface TriedCommand {
  readonly aggregate: string;
  readonly entityId: string;
  readonly command: unknown;
}

/** The first step of an instance that a candidate takes otherwise. */
export interface StepDifference {
  readonly instanceId: string;
  /** Position of the step, as it was recorded. */
  readonly position: number;
  readonly before: TriedStep;
  readonly after: TriedStep;
}

/** What one input came to. */
export interface TriedStep {
  /** `stepped`, `ignored`, `parked`, or `failed` where the machine can't go on from the state recorded. */
  readonly kind: string;
  readonly state: unknown;
  readonly commands: readonly TriedCommand[];
  readonly problem: string | undefined;
}

/** What a candidate saga makes of the instances there are. */
export interface SagaTrial {
  readonly saga: string;
  /** What becomes of instances that aren't at their end, as the index of instances has them. */
  readonly deploy: DeployReport;
  readonly instances: number;
  /** Inputs that were given again. */
  readonly steps: number;
  /** Instances that go another way, and the first step of some at which they do. */
  readonly different: number;
  readonly samples: readonly StepDifference[];
  /** Commands that the candidate asked for in all steps up to there. They were not sent. */
  readonly commands: number;
}

const SAMPLES_MAX = 5;
const AT_ONCE = 50;

/** One instance at a time is in memory. */
export async function trySaga(
  journal: Journal,
  views: ViewReader,
  clock: Clock,
  saga: Saga,
): Promise<SagaTrial> {
  const samples: StepDifference[] = [];
  const counts = { instances: 0, steps: 0, different: 0, commands: 0 };
  for (const { entityId, streamId, version } of readAll(journal, {
    filter: { streamTypes: [saga.name] },
  })) {
    if (version !== 1) continue;
    counts.instances += 1;
    if (counts.instances % AT_ONCE === 0)
      await new Promise<void>((resolve) => clock.defer(resolve));
    const difference = firstDifference(saga, entityId, journal.readStream(streamId), counts);
    if (difference === undefined) continue;
    counts.different += 1;
    if (samples.length < SAMPLES_MAX) samples.push(difference);
  }
  const deploy = new SagaCounts(views, journal).check(saga);
  return { saga: saga.name, deploy, ...counts, samples };
}

type Recorded = Partial<StepRecord> & { readonly atMs?: number; readonly problem?: string };

function firstDifference(
  saga: Saga,
  instanceId: string,
  events: Iterable<RecordedEvent>,
  counts: { steps: number; commands: number },
): StepDifference | undefined {
  let state: InstanceState = NEW_INSTANCE;
  for (const event of events) {
    const { input, atMs = event.recordedAtMs, ...recorded } = event.data as Recorded;
    if (input !== undefined && event.type !== "saga.kept") {
      counts.steps += 1;
      const before = stepOf(event.type, recorded, state);
      const after = again(saga, instanceId, state, input, atMs);
      counts.commands += after.commands.length;
      if (!isSame(before, after)) return { instanceId, position: event.position, before, after };
    }
    state = evolveInstance(state, event);
  }
  return undefined;
}

/** The candidate runs on the recorded state as if it had begun the instance: what doesn't fit it fails here. */
function again(
  saga: Saga,
  instanceId: string,
  recorded: InstanceState,
  input: SagaInput,
  nowMs: number,
): TriedStep {
  const before = { ...recorded, version: saga.version, hash: saga.hash };
  try {
    const events = replayInput(saga, { instanceId, before, input, waiting: [], nowMs });
    const [first] = throughCodec(events);
    return stepOf(first?.type ?? "", first?.data ?? {}, recorded);
  } catch (error) {
    return { kind: "failed", state: undefined, commands: [], problem: asError(error).message };
  }
}

function stepOf(type: string, record: Recorded, before: InstanceState): TriedStep {
  const commands = (record.commands ?? []).map(({ aggregate, entityId, command }) => ({
    ...{ aggregate, entityId, command },
  }));
  const state = (record.state ?? before.machine)?.value;
  return { kind: type.slice("saga.".length), state, commands, problem: record.problem };
}

function isSame(before: TriedStep, after: TriedStep): boolean {
  return (
    before.kind === after.kind &&
    samePlainData(before.state, after.state) &&
    samePlainData(before.commands, after.commands)
  );
}
