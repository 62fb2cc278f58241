/** Runtimes as a transport sees them, and messages for it. */
import { inspect } from "node:util";
import { eventIdOf } from "../../../journal/index.js";
import { systemClock, systemIds } from "../../../src/kernel/system-clock.js";
import type { Logger } from "../../../src/kernel/log.js";
import { nats, type NatsOptions } from "../../../src/messaging/nats/index.js";
import {
  POSITION_HEADER,
  type ConsumeOptions,
  type Delivery,
  type Publication,
  type TransportConnection,
  type TransportHost,
  type WireMessage,
} from "../../../src/messaging/transport.js";

/** Keeps every line, as one text each. */
export class LinesLogger implements Logger {
  readonly lines: string[] = [];
  readonly debug = (fields: object, message: string) => this.#add("debug", fields, message);
  readonly info = (fields: object, message: string) => this.#add("info", fields, message);
  readonly warn = (fields: object, message: string) => this.#add("warn", fields, message);
  readonly error = (fields: object, message: string) => this.#add("error", fields, message);

  #add(level: string, fields: object, message: string): void {
    this.lines.push(`${level} ${message} ${inspected(fields)}`);
  }
}

export function hostOf(storeId: string, logger: Logger = new LinesLogger()): TransportHost {
  return { storeId, clock: systemClock, ids: systemIds, logger };
}

/** Connections of one test, closed together. */
export class Connections {
  readonly #open: TransportConnection[] = [];

  async connect(
    servers: string,
    storeId: string,
    options: Partial<NatsOptions> = {},
    logger?: Logger,
  ): Promise<TransportConnection> {
    const transport = nats({ servers, prefix: "shop", ...options });
    const connection = await transport.connect(hostOf(storeId, logger));
    this.#open.push(connection);
    return connection;
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((connection) => connection.close()));
  }
}

export function textMessage(text: string, headers: Record<string, string> = {}): WireMessage {
  return { headers, payload: Buffer.from(text) };
}

export function textOf(message: WireMessage): string {
  return Buffer.from(message.payload).toString();
}

/** The event of a store at a position. */
export function publicationOf(
  storeId: string,
  position: number,
  { aggregate = "account", entityId = `acc-${position % 7}`, text = `event ${position}` } = {},
): Publication {
  const messageId = eventIdOf(storeId, position);
  return {
    aggregate,
    entityId,
    messageId,
    message: textMessage(text, { [POSITION_HEADER]: messageId }),
  };
}

function inspected(value: object): string {
  return inspect(value, { depth: 10, showHidden: true });
}

/** A consumer of accounts that is done with every page at once, and keeps what `of` makes of each delivery. */
export function collecting<T>(got: T[], of: (delivery: Delivery) => T): ConsumeOptions {
  return {
    aggregate: "account",
    durable: "b",
    pageMax: 10,
    handle: async (page) => {
      got.push(...page.map(of));
      return { done: page.length, redeliverAfterMs: 0 };
    },
  };
}
