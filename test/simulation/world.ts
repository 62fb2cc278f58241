/**
 * A service in a simulated world: commands by the dozen, crashes, disks that fail, clocks that jump; and what must hold
 * whatever happened. Runs on the memory journal, which the contract suite holds to what LMDB does.
 */
import { createHash } from "node:crypto";
import {
  collection,
  hasCode,
  projection,
  type Answer,
  type RecordedEvent,
  type Runtime,
} from "tidemark";
import { MemoryDirectory, openMemoryRuntime, type Fault } from "tidemark/testing";
import { MemoryJournal, readAll } from "../../journal/index.js";
import { defaultLimits } from "../../src/kernel/limits.js";
import { Account, deposit, withdraw } from "../support/account.js";
import { checkGenerations } from "../support/generation-check.js";
import {
  problemsAtRest,
  sagaParts,
  sagaProblems,
  sagaRequest,
  type SagaRequest,
} from "./saga-work.js";
import { SimulatedClock } from "./simulated-clock.js";

const DAY_MS = 24 * 3_600_000;
const ENTITIES = 6;
const ACTIVATIONS_MAX = 3;

interface Balance {
  readonly cents: number;
  readonly count: number;
}

/** The balance after `cents` more; the only rule that the view and its check share. */
const changed = (cents: number, row: Balance = { cents: 0, count: 0 }): Balance => ({
  cents: row.cents + cents,
  count: row.count + 1,
});

const balances = projection({
  name: "balances",
  version: 1,
  from: [Account],
  collections: { rows: collection<Balance>() },
  on: {
    Deposited: ({ entityId, data }, { rows }) =>
      rows.update(entityId, (row) => changed(data.cents, row)),
    Withdrawn: ({ entityId, data }, { rows }) =>
      rows.update(entityId, (row) => changed(-data.cents, row)),
  },
});

/** Fails on some events until somebody mends it, so that they are parked. */
function parkingOf(mended: { yes: boolean }) {
  return projection({
    name: "parking",
    version: 1,
    from: [Account],
    collections: { rows: collection<Balance>().index("byCents", "cents") },
    onFailure: { attemptsMax: 2, retryDelayMs: 20 },
    on: {
      Deposited: ({ entityId, data, position }, { rows }) => {
        if (!mended.yes && position % 23 === 0) throw new Error("not mended yet");
        rows.update(entityId, (row) => changed(data.cents, row));
      },
      Withdrawn: ({ entityId, data }, { rows }) =>
        rows.update(entityId, (row) => changed(-data.cents, row)),
    },
  });
}

function foldOf(events: readonly RecordedEvent[]): Map<string, Balance> {
  const rows = new Map<string, Balance>();
  for (const { streamType, entityId, type, data } of events) {
    if (streamType !== "account") continue;
    const { cents } = data as { cents: number };
    rows.set(entityId, changed(type === "Withdrawn" ? -cents : cents, rows.get(entityId)));
  }
  return rows;
}

interface Sent {
  readonly entity: string;
  readonly commandId: string;
  readonly command: ReturnType<typeof deposit>;
}

export class World {
  readonly #random: () => number;
  readonly #clock: SimulatedClock;
  readonly #directory = new MemoryDirectory();
  readonly #trace = createHash("sha256");
  readonly #sent: Sent[] = [];
  /** By command id: what its caller was told. */
  readonly #accepted = new Map<string, { version: number; position: number }>();
  readonly problems: string[] = [];
  readonly counts = {
    accepted: 0,
    rejected: 0,
    failed: 0,
    crashes: 0,
    faults: 0,
    operations: 0,
    sagaRequests: 0,
  };
  #sagaRequests = 0;
  #unanswered: SagaRequest[] = [];
  readonly #mended = { yes: false };
  readonly #parking = parkingOf(this.#mended);
  #runtime: Runtime | undefined;
  #life = 0;

  constructor(random: () => number) {
    this.#random = random;
    this.#clock = new SimulatedClock(random);
  }

  async run(steps: number): Promise<string> {
    await this.#open();
    for (let step = 0; step < steps && this.problems.length === 0; step++) await this.#step();
    await this.#drain();
    await this.#check();
    await this.#rest();
    return this.#trace.digest("hex");
  }

  #below(end: number): number {
    return Math.floor(this.#random() * end);
  }

  async #step(): Promise<void> {
    const dice = this.#random();
    if (this.#poisoned && dice < 0.1) await this.#crash();
    else if (dice < 0.45) this.#send(this.#newCommand());
    else if (dice < 0.5 && this.#sent.length > 0)
      this.#send(this.#sent[this.#below(this.#sent.length)]!);
    else if (dice < 0.52) this.#clock.jumpWall(this.#below(7_200_000) - 3_600_000);
    else if (dice < 0.525) await this.#crash();
    else if (dice < 0.56) this.#operate();
    else if (dice < 0.6) this.#sendToSagas();
    else await this.#clock.step(1_000);
  }

  /** What an operator does; much of it is refused as things stand. */
  #operate(): void {
    const { operations } = this.#runtime!;
    const name = "parking";
    const dice = this.#below(8);
    this.counts.operations += 1;
    this.#mended.yes = this.#random() < 0.5;
    const done =
      dice === 0
        ? operations.pause(name)
        : dice <= 2
          ? operations.resume(name)
          : dice === 3
            ? operations.rollback(name)
            : dice === 4
              ? operations.dropRetired(name)
              : dice === 5
                ? operations.rebuildKey(name, `e${this.#below(ENTITIES)}`)
                : dice === 6
                  ? operations.replayParked(name)
                  : operations.rebuild(name);
    const life = this.#life;
    done.catch((error: unknown) => {
      const { code } = error as { code?: string };
      if (life !== this.#life) return;
      if (hasCode(error, "journal-poisoned")) this.#poisoned = true;
      this.#note(`operation ${dice} ${code ?? String(error)}`);
    });
  }

  /** Something new, or what wasn't answered. */
  #sendToSagas(): void {
    const again = this.#unanswered.shift();
    const request = again ?? sagaRequest(this.#sagaRequests++, this.#random);
    this.#unanswered.push(request);
    const life = this.#life;
    request.ask(this.#runtime!).then(
      () => {
        if (life === this.#life) this.#answeredRequest(request);
      },
      (error: unknown) => {
        if (life === this.#life && hasCode(error, "journal-poisoned")) this.#poisoned = true;
      },
    );
  }

  #answeredRequest(request: SagaRequest): void {
    this.counts.sagaRequests += 1;
    this.#note(`${request.commandId} answered`);
    this.#unanswered = this.#unanswered.filter((other) => other !== request);
  }

  #newCommand(): Sent {
    const cents = 1 + this.#below(50);
    const dice = this.#random();
    const command =
      dice < 0.5
        ? deposit(cents)
        : dice < 0.9
          ? withdraw(cents)
          : ({ type: "DepositTwice", data: { cents } } as const);
    const sent = {
      entity: `e${this.#below(ENTITIES)}`,
      commandId: `c-${this.#sent.length}`,
      command,
    };
    this.#sent.push(sent);
    return sent;
  }

  #send({ entity, commandId, command }: Sent): void {
    const runtime = this.#runtime!;
    const life = this.#life;
    const options = { commandId, timeoutMs: 2_000 };
    runtime.ask(Account, entity, command, options).then(
      (answer) => this.#heard(commandId, life, answer),
      (error: unknown) => {
        this.counts.failed += 1;
        this.#note(`${commandId} failed ${(error as { code?: string }).code ?? String(error)}`);
        // Whoever finds the journal poisoned starts anew, as a process would.
        if (hasCode(error, "journal-poisoned")) this.#poisoned = true;
      },
    );
  }

  #poisoned = false;

  #heard(commandId: string, life: number, answer: Answer): void {
    if (life !== this.#life) return;
    if (answer.status === "rejected") {
      this.counts.rejected += 1;
      this.#note(`${commandId} rejected`);
      return;
    }
    const { version, position } = answer;
    this.counts.accepted += 1;
    this.#note(`${commandId} at ${version} ${position}`);
    const before = this.#accepted.get(commandId);
    if (before !== undefined && (before.version !== version || before.position !== position))
      this.problems.push(`${commandId} was told ${before.position}, and then ${position}`);
    this.#accepted.set(commandId, { version, position });
  }

  #note(text: string): void {
    this.#trace.update(`${this.#clock.monotonicMs()} ${text}\n`);
  }

  async #crash(): Promise<void> {
    this.counts.crashes += 1;
    this.#note("crash");
    await this.#clock.endLife();
    await this.#open();
    await this.#check();
  }

  async #open(): Promise<void> {
    this.#life += 1;
    this.#poisoned = false;
    const faults: Fault[] = [];
    if (this.#random() < 0.5) {
      const when = this.#random() < 0.5 ? "before" : "after";
      faults.push({ operation: "append", nth: 1 + this.#below(60), when });
    }
    if (this.#random() < 0.3) faults.push({ operation: "readStream", nth: 1 + this.#below(40) });
    if (this.#random() < 0.3) faults.push({ operation: "readPage", nth: 1 + this.#below(20) });
    this.counts.faults += faults.length;
    // A fault may hit the opening itself; whoever started the service starts it again.
    this.#runtime = await this.#openWith(faults).catch(() => this.#openWith([]));
  }

  /** Opening waits for the disk, and so for time. */
  async #openWith(faults: readonly Fault[]): Promise<Runtime> {
    const opening = this.#openingWith(faults);
    const progress = { over: false };
    opening.then(
      () => (progress.over = true),
      () => (progress.over = true),
    );
    while (!progress.over) await this.#clock.step(60_000);
    return opening;
  }

  #openingWith(faults: readonly Fault[]): Promise<Runtime> {
    return openMemoryRuntime({
      aggregates: [Account, ...sagaParts.aggregates],
      sagas: sagaParts.sagas,
      projections: [balances, this.#parking],
      directory: this.#directory,
      clock: this.#clock.newLife(),
      ids: { newId: () => String(this.#random()) },
      activationsMax: ACTIVATIONS_MAX,
      faults,
    });
  }

  /** Lets everything that is under way come to its end, and opens again without faults in the way. */
  async #drain(): Promise<void> {
    await this.#goOn(20_000);
    if (this.#poisoned) await this.#crash();
    await this.#goOn(20_000);
  }

  /** Until nothing is to be done, or for so long: over a failed journal sagas try again without end. */
  async #goOn(ms: number): Promise<void> {
    const untilMs = this.#clock.monotonicMs() + ms;
    while (this.#clock.monotonicMs() < untilMs && (await this.#clock.step(5_000)));
  }

  /** A last life, in which nothing fails and every delay comes to its end. */
  async #rest(): Promise<void> {
    await this.#clock.endLife();
    this.#life += 1;
    this.#runtime = await this.#openWith([]);
    // Whichever way the clock has jumped.
    this.#clock.jumpWall(DAY_MS);
    await this.#goOn(120_000);
    const events = this.#events();
    const { views } = this.#directory;
    this.problems.push(...sagaProblems(views, events));
    this.problems.push(...problemsAtRest(this.#runtime, events, this.#clock.nowMs()));
  }

  /** Read past the injected faults. */
  #events(): RecordedEvent[] {
    const { store } = this.#directory;
    return [...readAll(new MemoryJournal(store, { clock: this.#clock, limits: defaultLimits }))];
  }

  /** Every generation, at rest or not. */
  #checkGenerations(events: readonly RecordedEvent[]): void {
    const { problems } = checkGenerations(this.#directory.views, "parking", events, foldOf);
    this.problems.push(...problems);
  }

  /** Positions, versions, acknowledgements, command ids, states, and the view: against the events themselves. */
  async #check(): Promise<void> {
    const runtime = this.#runtime!;
    const events = this.#events();
    this.problems.push(...sagaProblems(this.#directory.views, events));
    const cents = new Map<string, { cents: number; count: number }>();
    const commits = new Map<string, { version: number; position: number }>();
    const checkpoint = runtime.view(balances).position();
    const expectedView = new Map<string, { cents: number; count: number }>();
    this.#checkGenerations(events);
    for (const [at, event] of events.entries()) {
      if (event.position !== at + 1) this.problems.push(`a gap before position ${event.position}`);
      if (event.streamType !== "account") continue;
      const state = cents.get(event.entityId) ?? { cents: 0, count: 0 };
      if (event.version !== state.count + 1)
        this.problems.push(`${event.streamId} has version ${event.version} after ${state.count}`);
      const change = (event.data as { cents: number }).cents;
      const next = {
        cents: state.cents + (event.type === "Withdrawn" ? -change : change),
        count: state.count + 1,
      };
      if (next.cents < 0)
        this.problems.push(`${event.streamId} was overdrawn at ${event.position}`);
      cents.set(event.entityId, next);
      if (event.position <= checkpoint) expectedView.set(event.entityId, next);
      const known = commits.get(event.causationId!);
      if (known !== undefined && known.position !== event.position - 1)
        this.problems.push(`${event.causationId} was carried out twice`);
      commits.set(event.causationId!, { version: event.version, position: event.position });
    }
    for (const [commandId, told] of this.#accepted) {
      const found = commits.get(commandId);
      if (found?.position !== told.position || found.version !== told.version)
        this.problems.push(`${commandId}, acknowledged at ${told.position}, isn't there`);
    }
    const { entries } = await runtime.view(balances).list();
    const view = entries.map(({ id, document }) => [id, document] as const);
    if (JSON.stringify(view.sort()) !== JSON.stringify([...expectedView].sort()))
      this.problems.push(`the view at ${checkpoint} isn't the fold of its events`);
  }
}
