/** An instance of a saga that a test drives input by input, as its runtime would, without one. */
import { expect } from "vitest";
import type { Saga } from "tidemark";
import type { InstanceCommand, InstanceState, SagaInput } from "../../sagas/index.js";
import type { CommandOutcome } from "../../src/delivery/index.js";
import { InstanceRun } from "../../src/testing/instance-run.js";
import type { Message } from "../../src/kernel/event.js";

export class TestInstance {
  #run: InstanceRun;
  nowMs = 0;
  /** Every event so far. */
  readonly events: Message[] = [];

  constructor(saga: Saga, instanceId = "i") {
    this.#run = new InstanceRun(saga, instanceId);
  }

  get state(): InstanceState {
    return this.#run.state;
  }

  /** The events of one input, or the code with which it was refused. */
  take(input: SagaInput): readonly Message[] | string {
    const [run, outcome] = this.#run.take(input, this.nowMs);
    return this.#took(run, outcome);
  }

  hand(type: "park" | "release" | "discard" | "end"): readonly Message[] | string {
    const hand = { by: "me" };
    const command: InstanceCommand =
      type === "release" ? { type, data: { hand } } : { type, data: hand };
    const [run, outcome] = this.#run.command(command, this.nowMs);
    return this.#took(run, outcome);
  }

  start(position: number, data: unknown = {}, part = 0) {
    const event = { type: "Begun", data };
    return this.take({ kind: "start", data, event, origin: origin(position, part) });
  }

  event(position: number, type: string, data: unknown = {}, part = 0) {
    return this.take({ kind: "event", event: { type, data }, origin: origin(position, part) });
  }

  timer(id: string, dueAtMs: number) {
    this.nowMs = Math.max(this.nowMs, dueAtMs);
    return this.take({ kind: "timer", id, dueAtMs });
  }

  /** Answers the oldest pending command of that name. */
  answer(as: string, answer: CommandOutcome = accepted()) {
    const commandId = this.state.commands.find((command) => command.as === as)?.id ?? as;
    return this.take({ kind: "answer", commandId, answer });
  }

  /** Goes on as another process would, with another definition where one is given. */
  restart(saga: Saga = this.#run.saga): void {
    const { instanceId } = this.#run;
    let run = new InstanceRun(saga, instanceId);
    run = run.after(this.events);
    expect(run.state).toEqual(this.state);
    this.#run = run;
  }

  #took(run: InstanceRun, outcome: ReturnType<InstanceRun["take"]>[1]) {
    this.#run = run;
    if (outcome.refused !== undefined) return outcome.refused;
    this.events.push(...outcome.events);
    return outcome.events;
  }
}

export const typesOf = (events: readonly Message[] | string) =>
  typeof events === "string" ? events : events.map(({ type }) => type.replace("saga.", ""));

export const accepted = (events: readonly Message[] = []): CommandOutcome => ({
  outcome: "accepted",
  version: 1,
  position: 1,
  events,
});
export const rejected = (code = "no"): CommandOutcome => ({
  outcome: "rejected",
  code,
  details: null,
});
export const timedOut: CommandOutcome = { outcome: "timed-out", attempts: 3 };
export const givenUp = (uncertain: boolean): CommandOutcome => ({
  outcome: "given-up",
  code: "unavailable",
  message: "it can't be reached",
  attempts: 20,
  uncertain,
});

function origin(position: number, part: number) {
  return { position, part, eventId: `e:${position}`, type: "Begun", streamId: "test/1" };
}
