/**
 * The outbox: commands that instances have asked for, on their way to those they are for. What is in memory is what is tried next;
 * all of it are rows of the index, so nothing is lost and everything is bounded. Each aggregate has a lane of its own: one that
 * can't be reached keeps nobody else waiting.
 *
 * A command is sent with the same id until it is answered, so it is carried out once however often it leaves; the answer
 * goes to the instance as an input, and only that takes the command off the list.
 */
import type { Position } from "../kernel/event.js";
import type { LaneStatus } from "./lane-status.js";
import { OutboxLane, type OutboxPorts } from "./outbox-lane.js";
import type { StoredCommand } from "./stored-command.js";
import type { InstanceName } from "./rows.js";

export class Outbox {
  readonly #ports: OutboxPorts;
  readonly #lanes = new Map<string, OutboxLane>();
  #bornAt: Position | undefined;
  #closed = false;

  constructor(ports: OutboxPorts) {
    this.#ports = ports;
  }

  /**
   * Begins to send: what was left, and what comes.
   *
   * @param bornAt - The head of the journal: what was asked for up to there may have left in an earlier life.
   */
  start(aggregates: Iterable<string>, bornAt: Position): void {
    this.#bornAt = bornAt;
    for (const aggregate of aggregates) this.#lane(aggregate);
    for (const lane of this.#lanes.values()) lane.start(bornAt);
  }

  asked(name: InstanceName, command: StoredCommand): void {
    this.#lane(command.request.aggregate).add(name, command);
  }

  gone(aggregate: string, commandId: string): void {
    this.#lanes.get(aggregate)?.drop(commandId);
  }

  get pending(): number {
    let count = 0;
    for (const lane of this.#lanes.values()) count += lane.pending;
    return count;
  }

  status(): LaneStatus[] {
    return [...this.#lanes.values()].map((lane) => lane.status());
  }

  /** Tries at once what waits for its next attempt: whoever couldn't be reached is there again. */
  hurry(): void {
    for (const lane of this.#lanes.values()) lane.hurry();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#lanes.values()].map((lane) => lane.close()));
  }

  #lane(aggregate: string): OutboxLane {
    let lane = this.#lanes.get(aggregate);
    if (lane === undefined) {
      lane = new OutboxLane(aggregate, this.#ports);
      this.#lanes.set(aggregate, lane);
      if (this.#bornAt !== undefined && !this.#closed) lane.start(this.#bornAt);
    }
    return lane;
  }
}
