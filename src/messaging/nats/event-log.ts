/**
 * The log of all services: one JetStream stream for a prefix. It is transport and replica, never the truth: what it loses is
 * published again from the journals, and what it repeats is dropped by those who read it.
 */
import {
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
  nanos,
  type JetStreamManager,
  type NatsConnection,
  type StreamConfig,
  type StreamInfo,
} from "nats";
import { asError, InvalidArgumentError } from "../../kernel/errors.js";
import type { LogStanding, Publication, TransportHost } from "../transport.js";
import { LogUnavailableError, MessageTooLargeError } from "./errors.js";
import type { Link } from "./link.js";
import { LogReader, type LogMessage } from "./log-reader.js";
import { toWire } from "./message-headers.js";
import {
  failureOf,
  MESSAGE_TOO_LARGE,
  refusalOf,
  STREAM_NOT_FOUND,
  type Attempt,
} from "./nats-failures.js";
import { NoRespondersError } from "../errors.js";
import type { NatsSettings } from "./options.js";
import { partitionOf } from "./subjects.js";

const DEDUPLICATION_MS = 120_000;
const MESSAGE_ID = /^[\x21-\x7e]{1,256}$/;
/** JetStream keeps the length of the headers in 16 bits. */
const HEADER_BYTES_MAX = 65_000;

interface PublishAnswer {
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: { readonly err_code?: number; readonly description?: string };
}

export class EventLog {
  readonly #settings: NatsSettings;
  readonly #host: TransportHost;
  readonly #link: Link;
  readonly #reader: LogReader;
  readonly #address: string;
  #notes: readonly string[] = [];
  #ensuring: Promise<StreamInfo> | undefined;

  constructor(settings: NatsSettings, host: TransportHost, link: Link) {
    this.#settings = settings;
    this.#host = host;
    this.#link = link;
    this.#address = `the log ${settings.subjects.stream}`;
    this.#reader = new LogReader(settings.subjects);
  }

  /** What is other than wanted with the stream, for people. */
  notes(): readonly string[] {
    return this.#notes;
  }

  /** Looks for the stream, and makes it where it is missing and may be made. Never rejects: what is wrong becomes a note. */
  async prepare(connection: NatsConnection): Promise<void> {
    try {
      await this.#ensure(connection);
    } catch (error) {
      this.#note(error);
    }
  }

  async publish(
    publication: Publication,
  ): Promise<{ readonly sequence: number; readonly duplicate: boolean }> {
    const { aggregate, entityId, messageId, message } = publication;
    const { subjects, logTimeoutMs } = this.#settings;
    const { connection, requests } = this.#link.live();
    if (!MESSAGE_ID.test(messageId))
      throw new InvalidArgumentError("messageId", "printable ASCII without spaces", messageId);
    const headers = toWire(message.headers);
    headers.add("Nats-Msg-Id", messageId);
    // Another stream that takes the same subjects must not answer for this one.
    headers.add("Nats-Expected-Stream", subjects.stream);
    const attempt = this.#attempt(connection, message.payload.length);
    checkHeaders(headers.bytes, messageId);
    const subject = subjects.event(aggregate, partitionOf(entityId));
    try {
      // Written in this very turn: the order of the calls is the order of the log.
      const answer = await requests.ask({
        ...{ subject, payload: message.payload, headers },
        ...{ timeoutMs: logTimeoutMs, address: this.#address },
      });
      return publishedOf(answer.json<PublishAnswer>(), attempt);
    } catch (error) {
      throw await this.#publishFailure(error, connection, attempt);
    }
  }

  async #publishFailure(
    error: unknown,
    connection: NatsConnection,
    attempt: Attempt,
  ): Promise<Error> {
    const failure = failureOf(error, attempt);
    if (!(failure instanceof NoRespondersError)) return failure;
    // Nobody takes the subject: the stream was deleted, or JetStream isn't up yet.
    await this.prepare(connection);
    return new LogUnavailableError(`${this.#address} took no message: it isn't there`, {
      cause: failure,
    });
  }

  async standing(): Promise<LogStanding> {
    const { connection } = this.#link.live();
    try {
      const info = await this.#ensure(connection);
      return { incarnation: info.created, lastSequence: info.state.last_seq };
    } catch (error) {
      throw this.#failure(error, connection);
    }
  }

  async messageAt(sequence: number): Promise<LogMessage | undefined> {
    const { connection } = this.#link.live();
    try {
      return await this.#reader.at(await this.#manager(connection), sequence);
    } catch (error) {
      throw this.#failure(error, connection);
    }
  }

  async lastPublished(aggregate: string): Promise<LogMessage | undefined> {
    const { connection } = this.#link.live();
    const { storeId } = this.#host;
    try {
      return await this.#reader.lastOf(await this.#manager(connection), aggregate, storeId);
    } catch (error) {
      throw this.#failure(error, connection);
    }
  }

  #attempt(connection: NatsConnection, bytes = 0): Attempt {
    const bytesMax = connection.info?.max_payload ?? 0;
    return { address: this.#address, timeoutMs: this.#settings.logTimeoutMs, bytes, bytesMax };
  }

  #failure(error: unknown, connection: NatsConnection): Error {
    const failure = failureOf(error, this.#attempt(connection));
    if (refusalOf(error) === undefined && !(failure instanceof NoRespondersError)) return failure;
    const why = asError(error).message;
    return new LogUnavailableError(`${this.#address} can't be read: ${why}`, { cause: error });
  }

  #manager(connection: NatsConnection): Promise<JetStreamManager> {
    return connection.jetstreamManager({ checkAPI: false, timeout: this.#settings.logTimeoutMs });
  }

  /** One at a time: many publications may find out together that the stream is gone. */
  #ensure(connection: NatsConnection): Promise<StreamInfo> {
    this.#ensuring ??= this.#ensureStream(connection).finally(() => (this.#ensuring = undefined));
    return this.#ensuring;
  }

  async #ensureStream(connection: NatsConnection): Promise<StreamInfo> {
    const { stream } = this.#settings.subjects;
    const manager = await this.#manager(connection);
    let info: StreamInfo;
    try {
      info = await manager.streams.info(stream);
    } catch (error) {
      if (refusalOf(error) !== STREAM_NOT_FOUND) throw error;
      info = await this.#create(manager);
    }
    this.#notes = differences(info.config, this.#wanted());
    return info;
  }

  async #create(manager: JetStreamManager): Promise<StreamInfo> {
    const { log, subjects } = this.#settings;
    if (!log.create)
      throw new LogUnavailableError(
        `the stream ${subjects.stream} is missing, and this service may not make it`,
      );
    const info = await manager.streams.add(this.#wanted());
    this.#host.logger.info({ stream: subjects.stream }, "the log of all services was made");
    return info;
  }

  #wanted(): Partial<StreamConfig> & { name: string } {
    const { log, subjects } = this.#settings;
    return {
      name: subjects.stream,
      subjects: [subjects.events],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.New,
      duplicate_window: nanos(DEDUPLICATION_MS),
      max_bytes: log.maxBytes,
      num_replicas: log.replicas,
      deny_delete: true,
      deny_purge: true,
    };
  }

  #note(error: unknown): void {
    const { stream } = this.#settings.subjects;
    const failure = error instanceof Error ? error : asError(error);
    const note = `the stream ${stream} can't be used: ${failure.message}`;
    if (this.#notes.includes(note)) return;
    this.#notes = [note];
    this.#host.logger.warn({ stream, error: failure }, "the log of all services can't be used");
  }
}

/** @throws MessageTooLargeError - Nothing was sent. */
function checkHeaders(bytes: number, messageId: string): void {
  if (bytes > HEADER_BYTES_MAX)
    throw new MessageTooLargeError(`the headers of ${messageId}`, bytes, HEADER_BYTES_MAX);
}

function publishedOf(answer: PublishAnswer, attempt: Attempt) {
  const { seq, duplicate = false, error } = answer;
  if (error?.err_code === MESSAGE_TOO_LARGE)
    throw new MessageTooLargeError(
      `a message to ${attempt.address}`,
      attempt.bytes,
      attempt.bytesMax,
    );
  if (error !== undefined || seq === undefined)
    throw new LogUnavailableError(
      `${attempt.address} refused a message: ${error?.description ?? "no reason given"}`,
    );
  return { sequence: seq, duplicate };
}

/** Wanted and found, where they differ in what matters. */
function differences(found: StreamConfig, wanted: Partial<StreamConfig>): string[] {
  const names = [
    "subjects",
    "storage",
    "retention",
    "discard",
    "duplicate_window",
    "max_bytes",
    "num_replicas",
    "deny_delete",
  ] as const;
  return names
    .filter((name) => JSON.stringify(found[name]) !== JSON.stringify(wanted[name]))
    .map(
      (name) =>
        `the stream ${found.name} has ${name} ${JSON.stringify(found[name])}, not ${JSON.stringify(wanted[name])}; it is left as it is`,
    );
}
