/**
 * A new version of a rule set takes over. History is replayed through it beside what runs; what fired is held to what was
 * recorded; then, at one position of the log, it is switched: sessions go on from what the replay made of them, each before
 * it is given the next thing. What fired in the replay is history and isn't sent.
 *
 * ```
 *   replaying ---> reporting ---> adopting ---> done
 *   (the version before runs,    (the new one runs)
 *    where it is given)
 * ```
 *
 * Everything about it is in the log and in rows of the replay, so a crash at any moment goes on where it was.
 */
import { readAll, type Journal, type ViewStore } from "../../journal/index.js";
import type { Clock } from "../kernel/clock.js";
import { asError, isOwnEnd } from "../kernel/errors.js";
import type { Position, RecordedEvent } from "../kernel/event.js";
import type { Logger } from "../kernel/log.js";
import { handedOn } from "../kernel/provenance.js";
import type { ChangeReport } from "./change-report.js";
import { Replay, type Beyond } from "./replay.js";
import { ReplayStore } from "./replay-store.js";
import type { RuleHost } from "./rule-host.js";
import type { Switched } from "./rule-log.js";
import type { RuleSet } from "./rule-set.js";
import { listedSessions, sessionCounts, type ListedSession } from "./session-list.js";
import { readSession } from "./session-reader.js";
import type { StepRecord } from "./session.js";

export interface ChangePorts {
  readonly journal: Journal;
  readonly views: ViewStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How far a change of version is, in this order; `failed` may come at any point. */
export type ChangePhase = "replaying" | "reporting" | "adopting" | "done" | "failed";

/** How a change of version stands. */
export interface ChangeStatus {
  readonly phase: ChangePhase;
  readonly version: number;
  /** Up to where history was replayed. */
  readonly position: Position;
  /** Known once it is switched. */
  readonly report: ChangeReport | undefined;
  readonly error: Error | undefined;
}

/** Sessions that take over their state at a time. */
const PAGE = 100;

export class VersionChange {
  readonly #rules: RuleSet;
  readonly #host: RuleHost;
  readonly #ports: ChangePorts;
  readonly #store: ReplayStore;
  #replay: Replay | undefined;
  #phase: ChangePhase = "replaying";
  #report: ChangeReport | undefined;
  #error: Error | undefined;
  #switched: Switched | undefined;
  readonly #adoptions = new Map<string, Promise<void>>();
  #stopped = false;
  #done: Promise<void> = Promise.resolve();

  constructor(rules: RuleSet, host: RuleHost, ports: ChangePorts) {
    this.#rules = rules;
    this.#host = host;
    this.#ports = ports;
    this.#store = new ReplayStore(ports.views, host.rows.prefix);
  }

  /** Resolves once what can run runs; the rest goes on behind. */
  async start(): Promise<void> {
    const { log } = this.#host;
    const switched = log.lastSwitched();
    const isSwitched = switched?.version === this.#rules.version && !log.isAdopted();
    const { previous } = this.#rules;
    const isServed = !isSwitched && previous?.version === log.lastDeployed()?.version;
    if (isServed && previous !== undefined) await this.#host.route(previous);
    this.#done = this.#run(isSwitched ? switched : undefined, isServed).catch((error: unknown) =>
      this.#failed(asError(error)),
    );
  }

  status(): ChangeStatus {
    return {
      phase: this.#phase,
      version: this.#rules.version,
      position: this.#replay?.position ?? this.#switched?.at ?? 0,
      report: this.#report,
      error: this.#error,
    };
  }

  /** Resolves at its end, however it ends. */
  done(): Promise<void> {
    return this.#done;
  }

  async close(): Promise<void> {
    this.#stopped = true;
    this.#replay?.stop();
    await this.#done;
  }

  async #run(switched: Switched | undefined, isServed: boolean): Promise<void> {
    const found = switched ?? (await this.#replayAndSwitch(isServed));
    if (found === undefined) return;
    this.#switched = found;
    this.#report = found.report;
    this.#phase = "adopting";
    if (switched !== undefined && this.#store.progress() === undefined)
      if (!(await this.#replayAgain(switched))) return;
    await this.#host.log.deployed(this.#rules);
    await this.#host.route(this.#rules, (sessionId) => this.#adopt(sessionId));
    this.#host.release();
    await this.#adoptAll();
  }

  async #replayAndSwitch(isServed: boolean): Promise<Switched | undefined> {
    const replay = await this.#openReplay();
    let at: Position;
    if (isServed) {
      // Most of it while the version before runs; the last few events while nothing does.
      for (let left = Infinity; left > 0;) {
        const target = this.#host.router?.position() ?? 0;
        if (!(await replay.runTo(target))) return undefined;
        left = (this.#host.router?.position() ?? 0) - target;
      }
      at = await this.#host.stopRouting();
      await this.#host.hold();
      if (!(await replay.runTo(at))) return undefined;
    } else {
      at = this.#host.routedTo();
      if (!(await replay.runTo(at))) return undefined;
      await replay.runBeyond(this.#sessionsBeyond(at));
    }
    return this.#switchAt(at, replay);
  }

  async #switchAt(at: Position, replay: Replay): Promise<Switched | undefined> {
    const { log } = this.#host;
    if (!(await this.#wakeAll(replay))) return undefined;
    this.#phase = "reporting";
    const report = await replay.report(log.lastDeployed()?.version ?? 0);
    if (report === undefined) return undefined;
    const { version, hash } = this.#rules;
    const switched: Switched = { version, hash, at, report };
    await log.switched(switched);
    return switched;
  }

  /** The rows of the replay were lost before all sessions had taken them over. */
  async #replayAgain({ at }: Switched): Promise<boolean> {
    const replay = await this.#openReplay();
    if (!(await replay.runTo(at))) return false;
    return this.#wakeAll(replay);
  }

  async #openReplay(): Promise<Replay> {
    const { journal, clock } = this.#ports;
    const { start } = this.#rules;
    const installed = this.#host.log.firstInstalled() ?? 0;
    const from = start === "head" ? installed : start === "beginning" ? 0 : start;
    this.#replay = await Replay.open(this.#rules, from, { journal, clock, store: this.#store });
    if (this.#stopped) this.#replay.stop();
    return this.#replay;
  }

  /** What was due and has happened mustn't happen again; what hasn't is still to come, and to be sent. */
  #wakeAll(replay: Replay): Promise<boolean> {
    const { timeMs } = replay;
    if (this.#rules.hasEventTime) return replay.wakeAll(() => timeMs);
    const nowMs = this.#ports.clock.nowMs();
    return replay.wakeAll((sessionId, dueAtMs) =>
      dueAtMs > nowMs ? timeMs : Math.max(timeMs, this.#horizonOf(sessionId)),
    );
  }

  #horizonOf(sessionId: string): number {
    return readSession(this.#ports.journal, this.#rules.name, sessionId).horizonMs;
  }

  /** Sessions that had more than routing knows of: what it was at when the process was killed. */
  #sessionsBeyond(at: Position): Beyond {
    const beyond = new Map<string, Position>();
    const filter = { streamTypes: [this.#rules.name], eventTypes: ["rules.stepped"] };
    for (const event of readAll(this.#ports.journal, { after: at, filter })) {
      const { input } = (event as RecordedEvent & { readonly data: StepRecord }).data;
      if (input.kind === "event" && input.origin.position > at)
        beyond.set(event.entityId, input.origin.position);
    }
    return beyond;
  }

  async #adoptAll(): Promise<void> {
    let ids = this.#store.sessionIds(undefined, PAGE);
    while (ids.length > 0 && !this.#stopped) {
      await Promise.all(ids.map((sessionId) => this.#adopt(sessionId)));
      ids = this.#store.sessionIds(ids[ids.length - 1], PAGE);
    }
    await this.#clearOthers();
    if (this.#stopped) return;
    await this.#host.log.adopted(this.#rules.version);
    this.#host.prepared();
    await this.#store.clear();
    this.#phase = "done";
  }

  /** Sessions of the version before that the replay has none of. */
  async #clearOthers(): Promise<void> {
    const { views } = this.#ports;
    const { rows, delivery } = this.#host;
    const { name, version } = this.#rules;
    await delivery.settle();
    const others = sessionCounts(views, rows, name)
      .map((each) => each.version)
      .filter((each) => each !== 0 && each !== version);
    for (const other of new Set(others))
      for (const status of ["active", "parked"] as const) {
        let page = listedSessions(views, rows, name, { status, version: other, limit: PAGE });
        while (page.length > 0 && !this.#stopped) {
          await Promise.all(page.map(({ sessionId }) => this.#adopt(sessionId)));
          const after = page[page.length - 1] as ListedSession;
          page = listedSessions(views, rows, name, { status, version: other, limit: PAGE, after });
        }
      }
  }

  #adopt(sessionId: string): Promise<void> {
    let adoption = this.#adoptions.get(sessionId);
    if (adoption === undefined) {
      adoption = this.#adoptNow(sessionId).finally(() => this.#adoptions.delete(sessionId));
      this.#adoptions.set(sessionId, adoption);
    }
    return adoption;
  }

  async #adoptNow(sessionId: string): Promise<void> {
    const state = this.#store.find(sessionId);
    const position = Math.max(this.#switched?.at ?? 0, state?.position ?? 0);
    const data = {
      version: this.#rules.version,
      position,
      ...(state === undefined ? {} : { state }),
    };
    // Refused where it has taken later inputs, or this: then it has adopted it before.
    await this.#host.ask(sessionId, handedOn(state, { type: "adopt", data }), {});
    if (state !== undefined) await this.#store.forget(sessionId);
  }

  #failed(error: Error): void {
    if (this.#stopped || isOwnEnd(error)) return;
    this.#phase = "failed";
    this.#error = error;
    this.#host.release();
    const { name, version } = this.#rules;
    this.#ports.logger.error(
      { ruleSet: name, version, error },
      "a new version of a rule set couldn't take over; open again to try again",
    );
  }
}
