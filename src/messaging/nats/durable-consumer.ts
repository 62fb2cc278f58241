/** A durable pull consumer as the server has it: found, made, and made anew where it stands wrong. */
import {
  AckPolicy,
  DeliverPolicy,
  ErrorCode,
  nanos,
  ReplayPolicy,
  type ConsumerConfig,
  type ConsumerInfo,
  type JetStreamManager,
  type NatsConnection,
} from "nats";
import { codeOf, CONSUMER_NOT_FOUND, refusalOf } from "./nats-failures.js";

export interface DurableOptions {
  readonly stream: string;
  readonly name: string;
  readonly filter: string;
  readonly ackWaitMs: number;
  readonly unackedMax: number;
  readonly timeoutMs: number;
}

export class DurableConsumer {
  readonly #options: DurableOptions;

  constructor(options: DurableOptions) {
    this.#options = options;
  }

  /** As it stands; made where it is missing, from the beginning of the log. */
  async ensure(connection: NatsConnection): Promise<ConsumerInfo> {
    const { stream, name, ackWaitMs, unackedMax, filter } = this.#options;
    const manager = await this.#manager(connection);
    try {
      const info = await manager.consumers.info(stream, name);
      const { ack_wait, max_ack_pending, filter_subject } = info.config;
      if (
        ack_wait === nanos(ackWaitMs) &&
        max_ack_pending === unackedMax &&
        filter_subject === filter
      )
        return info;
      return await manager.consumers.update(stream, name, {
        ack_wait: nanos(ackWaitMs),
        max_ack_pending: unackedMax,
        filter_subject: filter,
      });
    } catch (error) {
      if (refusalOf(error) !== CONSUMER_NOT_FOUND) throw error;
      return await this.#add(manager, { deliver_policy: DeliverPolicy.All });
    }
  }

  /**
   * Makes it anew behind what is acknowledged without a gap. What was delivered and not acknowledged comes again at once and in
   * order, instead of after the wait for acknowledgement and behind newer messages.
   */
  async rewind(connection: NatsConnection, info: ConsumerInfo): Promise<ConsumerInfo> {
    const { stream, name } = this.#options;
    const manager = await this.#manager(connection);
    try {
      await manager.consumers.delete(stream, name);
    } catch (error) {
      // Who may not delete it waits.
      if (codeOf(error) === ErrorCode.PermissionsViolation) return info;
      throw error;
    }
    const next = info.ack_floor.stream_seq + 1;
    return await this.#add(manager, {
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: next,
    });
  }

  #add(manager: JetStreamManager, start: Partial<ConsumerConfig>): Promise<ConsumerInfo> {
    const { stream, name, filter, ackWaitMs, unackedMax } = this.#options;
    return manager.consumers.add(stream, {
      ...start,
      durable_name: name,
      filter_subject: filter,
      ack_policy: AckPolicy.Explicit,
      replay_policy: ReplayPolicy.Instant,
      ack_wait: nanos(ackWaitMs),
      max_ack_pending: unackedMax,
      // Whoever handles parks what can't be handled: a message the server gives up would be lost.
      max_deliver: -1,
    });
  }

  #manager(connection: NatsConnection): Promise<JetStreamManager> {
    const { timeoutMs } = this.#options;
    return connection.jetstreamManager({ checkAPI: false, timeout: timeoutMs });
  }
}
