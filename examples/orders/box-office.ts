/** Where people order: a service without entities of its own. It sends commands, and reads beside the others what became of them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import {
  openRuntime,
  TidemarkError,
  type Answer,
  type Message,
  type RemoteDefinition,
  type Runtime,
  type SagaInstance,
} from "tidemark";
import { nats } from "tidemark/nats";
import { OrderSaga, type OrderContext } from "./order-saga.js";
import { Order, type OrderData } from "./order.js";
import type { ServiceProcesses } from "./supervisor.js";
import { PREFIX, services, type ServiceName } from "./services.js";

export type OrderInstance = SagaInstance<OrderContext>;

const RETRY_DELAY_MS = 50;
const POLL_MS = 10;
const ASK_TIMEOUT_MS = 2_000;

export class BoxOffice {
  readonly runtime: Runtime;
  /** What each service has recorded, for reading: directories can be read while others write to them. */
  readonly readers: Readonly<Record<ServiceName, Runtime>>;

  private constructor(runtime: Runtime, readers: Readonly<Record<ServiceName, Runtime>>) {
    this.runtime = runtime;
    this.readers = readers;
  }

  /** The services must have been started. */
  static async open(
    directory: string,
    server: string,
    processes: ServiceProcesses,
  ): Promise<BoxOffice> {
    const runtime = await openRuntime({
      directory: join(directory, "box-office"),
      aggregates: [],
      messaging: nats({ servers: [server], prefix: PREFIX }),
      askTimeoutMs: ASK_TIMEOUT_MS,
    });
    const reader = (name: ServiceName) =>
      openRuntime({ directory: processes.directoryOf(name), ...services[name], readOnly: true });
    const [orders, seats, payments] = [
      await reader("orders"),
      await reader("seats"),
      await reader("payments"),
    ];
    return new BoxOffice(runtime, { orders, seats, payments });
  }

  /** Asks until there is an answer: with one id however often, so it is done once. */
  async ask<Command extends Message, Event extends Message>(
    target: RemoteDefinition<Command, Event>,
    entityId: string,
    command: Command,
    commandId: string,
  ): Promise<Answer<Event>> {
    for (;;)
      try {
        return await this.runtime.remote(target).ask(entityId, command, { commandId });
      } catch (error) {
        if (!(error instanceof TidemarkError && error.retryable)) throw error;
        await delay(RETRY_DELAY_MS);
      }
  }

  async place(orderId: string, data: OrderData): Promise<void> {
    const answer = await this.ask(Order, orderId, { type: "Place", data }, `place-${orderId}`);
    assert.equal(answer.status, "accepted");
  }

  instance(orderId: string): OrderInstance | undefined {
    return this.readers.orders.sagas.instance<OrderContext>(OrderSaga, orderId);
  }

  /** Resolves once the instance is as wanted. @throws AssertionError - It isn't in time. */
  async until(
    orderId: string,
    isWanted: (instance: OrderInstance) => boolean,
    withinMs = 90_000,
  ): Promise<OrderInstance> {
    const before = performance.now() + withinMs;
    for (;;) {
      const instance = this.instance(orderId);
      if (instance !== undefined && isWanted(instance)) return instance;
      assert(
        performance.now() < before,
        `order ${orderId} is ${instance?.status ?? "unknown"} in ${instance?.state ?? "-"} ${instance?.problem ?? ""}`,
      );
      await delay(POLL_MS);
    }
  }

  /** Resolves once the order has come to an end, whichever. */
  ended(orderId: string): Promise<OrderInstance> {
    return this.until(orderId, ({ status }) => status === "done");
  }

  async close(): Promise<void> {
    const { orders, seats, payments } = this.readers;
    await Promise.all([this.runtime, orders, seats, payments].map((runtime) => runtime.close()));
  }
}
