/**
 * Messages between the runtimes of one process, by function calls: for services that share a process, and for tests. Nothing
 * is shared but bytes: what arrives went through the wire form, as it would over a network.
 */
import type { Timer } from "../kernel/clock.js";
import { checkInteger } from "../kernel/check.js";
import { asError } from "../kernel/errors.js";
import {
  DisconnectedError,
  MessagingClosedError,
  NoRespondersError,
  RequestTimeoutError,
} from "./errors.js";
import { InProcessConsumer } from "./in-process-consumer.js";
import { copied, InProcessLog, storeOf, type LogBounds } from "./in-process-log.js";
import {
  addressText,
  type Address,
  type Closable,
  type ConnectionStatus,
  type ConsumeOptions,
  type Publication,
  type Service,
  type Transport,
  type TransportConnection,
  type TransportHost,
  type WireMessage,
} from "./transport.js";

/** What connects runtimes of one process: give the same one to each as `messaging`. */
export interface InProcessHub extends Transport {
  /** For tests: every connection is lost, as when a server goes away. */
  interrupt(): void;
  /** Ends {@link InProcessHub.interrupt}. */
  restore(): void;
  /** For tests: forgets what was published behind a sequence, as a server restored from a backup; 0 for a new, empty one. */
  rollBack(sequence: number): void;
}

const NAME = "in-process";
const DEFAULT_BOUNDS: LogBounds = { messagesMax: 10_000, bytesMax: 64 * 1024 * 1024 };

/**
 * Makes a hub: the transport for services that share a process, and for tests.
 *
 * @param bounds - How much the log of events holds; defaults to 10,000 messages and 64 MiB. Where it is full of what a
 *   consumer hasn't handled yet, publishers wait.
 */
export function inProcessHub(bounds: Partial<LogBounds> = {}): InProcessHub {
  const given = { ...DEFAULT_BOUNDS, ...bounds };
  checkInteger("messagesMax", given.messagesMax, 1, 10_000_000);
  checkInteger("bytesMax", given.bytesMax, 1, Number.MAX_SAFE_INTEGER);
  return new Hub(given);
}

type Answer = (message: WireMessage) => Promise<WireMessage>;

class Hub implements InProcessHub {
  readonly name = NAME;
  #log: InProcessLog;
  #incarnations = 1;
  #connected = true;
  readonly #responders = new Map<string, Answer[]>();
  readonly #news = new Set<() => void>();
  readonly #connections = new Set<Connection>();

  constructor(bounds: LogBounds) {
    this.#log = new InProcessLog(bounds, "1");
    this.#log.onPublished(() => this.#tell());
  }

  get log(): InProcessLog {
    return this.#log;
  }

  get isConnected(): boolean {
    return this.#connected;
  }

  async connect(host: TransportHost): Promise<TransportConnection> {
    const { storeId, logger } = host;
    // A reader beside the owner has the owner's; else each would take the other's events for its own.
    if ([...this.#connections].some((other) => other.storeId === storeId))
      logger.warn(
        { storeId },
        "two runtimes of one hub have the same store id: give each journal its own, new MemoryDirectory(id) in tests",
      );
    const connection = new Connection(this, host);
    this.#connections.add(connection);
    return connection;
  }

  forget(connection: Connection): void {
    this.#connections.delete(connection);
  }

  interrupt(): void {
    this.#change(false);
  }

  restore(): void {
    this.#change(true);
  }

  #change(connected: boolean): void {
    if (this.#connected === connected) return;
    this.#connected = connected;
    for (const connection of this.#connections) connection.changed(connected);
    this.#tell();
  }

  rollBack(sequence: number): void {
    // Nobody is told, as by a server that was restored while it was away.
    const incarnation = sequence === 0 ? String(++this.#incarnations) : undefined;
    this.#log = this.#log.rolledBack(sequence, incarnation ?? this.#log.standing().incarnation);
  }

  onNews(listener: () => void): () => void {
    this.#news.add(listener);
    return () => this.#news.delete(listener);
  }

  #tell(): void {
    for (const listener of this.#news) listener();
  }

  /** The next of those who answer there; they take turns. */
  responder(key: string): Answer | undefined {
    const responders = this.#responders.get(key);
    const next = responders?.shift();
    if (next !== undefined) responders?.push(next);
    return next;
  }

  addResponder(key: string, answer: Answer): () => void {
    const responders = this.#responders.get(key) ?? [];
    responders.push(answer);
    this.#responders.set(key, responders);
    return () => {
      const at = responders.indexOf(answer);
      if (at >= 0) responders.splice(at, 1);
    };
  }
}

class Connection implements TransportConnection {
  readonly #hub: Hub;
  readonly #host: TransportHost;
  readonly #listeners = new Set<(connected: boolean) => void>();
  readonly #open = new Set<Closable>();
  #sinceMs: number;
  #reconnects = 0;
  #closed = false;

  constructor(hub: Hub, host: TransportHost) {
    this.#hub = hub;
    this.#host = host;
    this.#sinceMs = host.clock.nowMs();
  }

  get storeId(): string {
    return this.#host.storeId;
  }

  status(): ConnectionStatus {
    return {
      transport: NAME,
      connected: this.#hub.isConnected && !this.#closed,
      sinceMs: this.#sinceMs,
      reconnects: this.#reconnects,
      server: undefined,
      serverVersion: undefined,
      limitations: [],
      lastError: undefined,
    };
  }

  onChange(listener: (connected: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  changed(connected: boolean): void {
    this.#sinceMs = this.#host.clock.nowMs();
    if (connected) this.#reconnects += 1;
    for (const listener of this.#listeners) listener(connected);
  }

  async request(address: Address, message: WireMessage, timeoutMs: number): Promise<WireMessage> {
    this.#assertConnected();
    const answer = this.#hub.responder(keyOf(address));
    if (answer === undefined) throw new NoRespondersError(addressText(address));
    let timer: Timer | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = this.#host.clock.setTimer(timeoutMs, () =>
        reject(new RequestTimeoutError(addressText(address), timeoutMs)),
      );
    });
    try {
      // On a later turn, as over a network: whoever asks again and again must not keep everything else from running.
      const turn = new Promise<void>((resolve) => this.#host.clock.defer(resolve));
      const answering = turn.then(() => answer(copied(message))).then(copied);
      return await Promise.race([answering, late]);
    } finally {
      timer?.cancel();
    }
  }

  async serve(service: Service, answer: Answer): Promise<Closable> {
    this.#assertOpen();
    const inHand = new Set<Promise<WireMessage>>();
    const end = this.#hub.addResponder(keyOf(service), (message) => {
      const answering = answer(message);
      inHand.add(answering);
      void answering.finally(() => inHand.delete(answering));
      return answering;
    });
    return this.#kept({
      close: async () => {
        end();
        await Promise.allSettled(inHand);
      },
    });
  }

  async publish(publication: Publication): Promise<{ sequence: number; duplicate: boolean }> {
    this.#assertConnected();
    const { message } = publication;
    return this.#hub.log.publish(
      { ...publication, message: copied(message) },
      storeOf(publication),
    );
  }

  async standing() {
    this.#assertConnected();
    return this.#hub.log.standing();
  }

  async messageAt(sequence: number): Promise<WireMessage | undefined> {
    this.#assertConnected();
    const entry = this.#hub.log.at(sequence);
    return entry && copied(entry.message);
  }

  async lastPublished(aggregate: string) {
    this.#assertConnected();
    const entry = this.#hub.log.lastPublished(aggregate, this.#host.storeId);
    return entry && { sequence: entry.sequence, message: copied(entry.message) };
  }

  async consume(options: ConsumeOptions): Promise<Closable> {
    this.#assertOpen();
    const consumer = new InProcessConsumer(options, {
      clock: this.#host.clock,
      log: () => this.#hub.log,
      isConnected: () => this.#hub.isConnected,
      onNews: (listener) => this.#hub.onNews(listener),
    });
    return this.#kept(consumer);
  }

  #kept(closable: Closable): Closable {
    const kept: Closable = {
      close: () => {
        this.#open.delete(kept);
        return closable.close();
      },
    };
    this.#open.add(kept);
    return kept;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#hub.forget(this);
    await Promise.all([...this.#open].map((each) => each.close()));
  }

  #assertOpen(): void {
    if (this.#closed) throw new MessagingClosedError();
  }

  #assertConnected(): void {
    this.#assertOpen();
    if (!this.#hub.isConnected)
      throw new DisconnectedError(NAME, { cause: asError("the hub was interrupted") });
  }
}

function keyOf(address: Address | Service): string {
  return address.kind === "command" ? `command/${address.aggregate}` : `endpoint/${address.name}`;
}
