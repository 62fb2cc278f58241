/**
 * Golden histories: what instances did under one version of a saga, kept as JSON, and done again under the next. A change of the
 * machine that would take an instance another way shows in a test, with the first step at which it does.
 */
import { AssertionError } from "node:assert";
import { inspect, isDeepStrictEqual } from "node:util";
import { throughCodec } from "../../journal/index.js";
import {
  fateOf,
  replayInput,
  type InstanceState,
  type Saga,
  type SagaInput,
  type StepRecord,
} from "../../sagas/index.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import type { Message, RecordedEvent } from "../kernel/event.js";
import { InstanceRun } from "./instance-run.js";
import { fromJsonForm, toJsonForm } from "../kernel/json-form.js";

/**
 * What one event of an instance says: an input and what the machine made of it, as JSON. Values are written as they are, but bigints as
 * `{ "$bigint": "12" }`, dates as `{ "$date": … }` and bytes as `{ "$bytes": "<base64>" }`.
 */
export interface SagaHistoryStep {
  /** What was recorded: it took a step, ignored an input, kept it, was parked, released or ended. */
  readonly kind: "stepped" | "ignored" | "kept" | "parked" | "released" | "ended";
  /** Wall time that its timers count from. */
  readonly atMs: number;
  readonly input?: unknown;
  /** The machine after it; absent where it stayed as it was. */
  readonly state?: unknown;
  readonly commands?: unknown;
  readonly timers?: unknown;
  /** Ids of timers. */
  readonly cancelled?: unknown;
  /** Types and data of the events that the machine emitted. */
  readonly emitted?: unknown;
  readonly [more: string]: unknown;
}

/** All that happened to one instance. Plain JSON: write it to a file with `JSON.stringify`. */
export interface SagaHistory {
  readonly saga: string;
  readonly instanceId: string;
  /** Of the machine that began it. */
  readonly version: number;
  readonly hash: string;
  readonly steps: readonly SagaHistoryStep[];
}

/**
 * The history of an instance, from the events of its stream.
 *
 * @param events - All of them, in order: `runtime.history(saga, instanceId)` gives them.
 * @throws InvalidArgumentError - They aren't those of one instance of the saga.
 */
export function recordSagaHistory(saga: Saga, events: Iterable<RecordedEvent>): SagaHistory {
  const steps: Record<string, unknown>[] = [];
  let instanceId: string | undefined;
  for (const { streamType, entityId, type, data, recordedAtMs } of events) {
    instanceId ??= entityId;
    if (streamType !== saga.name || entityId !== instanceId)
      throw new InvalidArgumentError(
        "events of a history",
        `those of one instance of ${saga.name}`,
        `${streamType}/${entityId}`,
      );
    if (!type.startsWith("saga.")) {
      const step = steps[steps.length - 1] ?? {};
      step.emitted = [
        ...((step.emitted as unknown[] | undefined) ?? []),
        toJsonForm({ type, data }),
      ];
      continue;
    }
    const { from: _from, to: _to, gone: _gone, atMs, ...rest } = data as Record<string, unknown>;
    const fields = toJsonForm(rest) as Record<string, unknown>;
    steps.push({ kind: type.slice("saga.".length), atMs: atMs ?? recordedAtMs, ...fields });
  }
  const began = steps.find(({ machine }) => machine !== undefined);
  const [version, hash] = (began?.machine ?? [saga.version, saga.hash]) as [number, string];
  if (instanceId === undefined)
    throw new InvalidArgumentError("events of a history", "at least one", "none");
  return {
    saga: saga.name,
    instanceId,
    version,
    hash,
    steps: steps as unknown as SagaHistoryStep[],
  };
}

/**
 * Gives the inputs of a history to the saga as it is defined now, each at its time and on the state that it met then, and compares the
 * machine's state, the commands, timers and events. What an earlier version did is done again on its machine, where `earlier` has
 * it; else each state that was reached must fit today's machine, or the migration must take it there.
 *
 * @throws AssertionError - Names the first step that differs, and how; or from which state an instance would be parked.
 */
export function replaySagaHistory(saga: Saga, history: SagaHistory): void {
  if (history.saga !== saga.name)
    throw new InvalidArgumentError("history", `one of saga ${saga.name}`, history.saga);
  const replay = new Replay(saga, history);
  history.steps.forEach((step, index) => {
    replay.step(step, index + 1);
  });
}

type Recorded = Partial<StepRecord> & { readonly problem?: string; readonly discarded?: number };

class Replay {
  readonly #saga: Saga;
  readonly #history: SagaHistory;
  #run: InstanceRun;
  /** Inputs that were released and aren't taken yet. */
  #waiting: readonly SagaInput[] = [];

  constructor(saga: Saga, history: SagaHistory) {
    this.#saga = saga;
    this.#history = history;
    this.#run = new InstanceRun(saga, history.instanceId);
  }

  step(step: SagaHistoryStep, number: number): void {
    const { kind, atMs, emitted = [], ...tagged } = step;
    const recorded = fromJsonForm(tagged) as Recorded;
    const before = this.#run.state;
    const run = this.#run.after([{ type: `saga.${kind}`, data: recorded }]);
    this.#wait(kind, recorded, before);
    const where = `step ${number} of ${this.#saga.name}/${this.#history.instanceId}${inputText(recorded.input)}`;
    if (recorded.input !== undefined && kind !== "kept") {
      const version = recorded.machine?.[0] ?? (before.version || this.#history.version);
      const saga = this.#sagaOf(version, recorded.machine?.[1] ?? before.hash, where);
      if (saga === undefined) this.#checkFate(run.state, version, where);
      else {
        const { input } = recorded;
        const { instanceId } = this.#history;
        const waiting = this.#waiting;
        const again = replayInput(saga, { instanceId, before, input, waiting, nowMs: atMs });
        const now = factsOf(throughCodec(again), before);
        compare(
          where,
          factsOf(
            [{ type: `saga.${kind}`, data: recorded }, ...(fromJsonForm(emitted) as Message[])],
            before,
          ),
          now,
        );
      }
    }
    this.#run = run;
  }

  /** The definition that a version ran on; undefined where only the states it left can be looked at. */
  #sagaOf(version: number, hash: string, where: string): Saga | undefined {
    const saga = this.#saga;
    if (version === saga.version) return saga;
    if (version > saga.version)
      fail(
        `${where}: it ran on version ${version}, and this is version ${saga.version}`,
        version,
        saga.version,
      );
    const runner = saga.pinned.get(version);
    return runner === undefined ? undefined : { ...saga, version, hash, runner };
  }

  #checkFate(after: InstanceState, version: number, where: string): void {
    if (after.machine?.status !== "active") return;
    const fate = fateOf(this.#saga, after);
    if (fate.fate !== "parks") return;
    const state = inspect(after.machine.value);
    fail(
      `${where}: an instance of version ${version} that stands in ${state} after it would be parked by version ${this.#saga.version}: ${fate.problem}`,
      "it fits, or is migrated",
      fate.problem,
    );
  }

  #wait(kind: string, { input, discarded }: Recorded, before: InstanceState): void {
    if (kind === "released") this.#waiting = discarded === undefined ? before.kept : [];
    if (input === undefined || this.#waiting.length === 0) return;
    const at = this.#waiting.findIndex((each) => isDeepStrictEqual(each, input));
    this.#waiting = at < 0 ? [] : this.#waiting.slice(at + 1);
  }
}

/** What of a step is compared: nothing that changes with the version only. */
function factsOf(events: readonly Message[], before: InstanceState): Record<string, unknown> {
  const [first, ...emitted] = events;
  const record = (first?.data ?? {}) as Recorded;
  const { state, commands = [], timers = [], cancelled = [], abandoned = [], problem } = record;
  const names = before.commands.filter(({ id }) => abandoned.includes(id)).map(({ as }) => as);
  return {
    kind: first?.type.slice("saga.".length),
    problem,
    state: state ?? before.machine,
    commands: commands.map(({ id: _id, ...command }) => command),
    timers,
    cancelled: [...cancelled].sort(),
    abandoned: names,
    compensating: record.compensating ?? before.compensating,
    emitted,
  };
}

function compare(
  where: string,
  then: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): void {
  for (const name of Object.keys(then)) {
    if (isDeepStrictEqual(then[name], now[name])) continue;
    const problem = now.problem === undefined ? "" : `\n  problem: ${shown(now.problem)}`;
    fail(
      `${where}: ${name} differs\n  recorded: ${shown(then[name])}\n  now:      ${shown(now[name])}${problem}`,
      then[name],
      now[name],
    );
  }
}

function inputText(input: SagaInput | undefined): string {
  switch (input?.kind) {
    case undefined:
      return "";
    case "start":
      return " (its start)";
    case "event":
      return ` (event ${input.event.type})`;
    case "timer":
      return ` (timer ${input.id})`;
    case "answer":
      return ` (answer ${input.to?.as ?? input.commandId}.${input.answer.outcome})`;
  }
}

function shown(value: unknown): string {
  return inspect(value, { depth: 10, breakLength: Infinity, compact: true });
}

function fail(message: string, expected: unknown, actual: unknown): never {
  throw new AssertionError({ message, expected, actual });
}
