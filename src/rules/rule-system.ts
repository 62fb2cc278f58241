/** The rule sets of one runtime at work. */
import type { AnyAggregate, Answer, AskOptions } from "../../actors/index.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import { forgetSessions } from "./live-sessions.js";
import { Replay } from "./replay.js";
import { ReplayStore } from "./replay-store.js";
import type { ChangeReport } from "./change-report.js";
import { RuleHost, type RulePorts } from "./rule-host.js";
import type { RuleSet } from "./rule-set.js";
import type { SessionCommand } from "./session-behavior.js";
import { VersionChange } from "./version-change.js";

export interface RuleSystemOptions extends Omit<RulePorts, "ask"> {
  readonly ruleSets: readonly RuleSet[];
  /** Whether the runtime has an aggregate of that name. */
  hasAggregate(name: string): boolean;
  /** The actors of the runtime, which the sessions are among. */
  ask(
    aggregate: AnyAggregate,
    entityId: string,
    command: SessionCommand,
    options: AskOptions,
  ): Promise<Answer>;
}

export class RuleSystem {
  readonly #options: RuleSystemOptions;
  readonly #ruleSets = new Map<string, RuleSet>();
  readonly #hosts = new Map<string, RuleHost>();
  readonly #changes = new Map<string, VersionChange>();
  readonly #trials = new Map<string, Promise<unknown>>();
  #closed = false;

  private constructor(options: RuleSystemOptions) {
    this.#options = options;
    for (const rules of options.ruleSets) {
      if (this.#ruleSets.has(rules.name))
        throw new InvalidArgumentError("ruleSets", "of distinct names", rules.name);
      checkTargets(rules, options);
      this.#ruleSets.set(rules.name, rules);
    }
  }

  /** Resolves once what was left undone is under way. A new version takes over behind that. */
  static async open(options: RuleSystemOptions): Promise<RuleSystem> {
    const system = new RuleSystem(options);
    try {
      for (const rules of options.ruleSets) await system.#open(rules);
    } catch (error) {
      await system.close();
      throw error;
    }
    return system;
  }

  async #open(rules: RuleSet): Promise<void> {
    const { readOnly } = this.#options;
    const host = await RuleHost.open(rules, {
      ...this.#options,
      ask: (given, ...call) => this.#options.ask(given, ...call),
    });
    this.#hosts.set(rules.name, host);
    if (readOnly) return;
    const deployed = host.log.lastDeployed();
    const isOther = deployed !== undefined && deployed.version !== rules.version;
    if ((isOther && rules.onChange === "rebuild") || !host.log.isAdopted()) {
      const change = new VersionChange(rules, host, this.#options);
      this.#changes.set(rules.name, change);
      await change.start();
      return;
    }
    if (!isOther && deployed !== undefined && deployed.hash !== rules.hash)
      this.#options.logger.warn(
        { ruleSet: rules.name, version: rules.version },
        "a rule set isn't what was deployed as this version: raise its version, so that history is replayed through it",
      );
    await host.log.deployed(rules);
    await host.route(rules);
  }

  get ruleSets(): ReadonlyMap<string, RuleSet> {
    return this.#ruleSets;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  host(rules: string): RuleHost {
    return this.#hosts.get(rules) as RuleHost;
  }

  change(rules: string): VersionChange | undefined {
    return this.#changes.get(rules);
  }

  /** Whether events are recorded that aren't given to sessions yet, or a new version is on its way. */
  isBehind(): boolean {
    const head = this.#options.journal.head();
    return [...this.#hosts.values()].some(
      ({ router, delivery }) => delivery.isBehind() || (router?.position() ?? 0) < head,
    );
  }

  nextDueAtMs(): number | undefined {
    const dues = [...this.#hosts.values()].map((host) => host.delivery.nextDueAtMs());
    const known = dues.filter((due) => due !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  /** What a rule set would have done with history; nothing of it stays, and nothing is sent. */
  async compare(candidate: RuleSet): Promise<ChangeReport | undefined> {
    const { name } = candidate;
    // One after the other: they share their rows.
    const turn = (this.#trials.get(name) ?? Promise.resolve()).then(() => this.#try(candidate));
    this.#trials.set(
      name,
      turn.catch(() => undefined),
    );
    return turn;
  }

  async #try(candidate: RuleSet): Promise<ChangeReport | undefined> {
    const { journal, views, clock } = this.#options;
    const store = new ReplayStore(views, `rules-trial/${candidate.name}`);
    await store.clear();
    const log = this.#hosts.get(candidate.name)?.log;
    const { start } = candidate;
    const from =
      start === "beginning" ? 0 : start === "head" ? (log?.firstInstalled() ?? 0) : start;
    const replay = await Replay.open(candidate, from, { journal, clock, store });
    const isStopped = () => this.#closed && (replay.stop(), true);
    const upTo = this.#hosts.get(candidate.name)?.router?.position() ?? journal.head();
    const toMs = () => (candidate.hasEventTime ? replay.timeMs : clock.nowMs());
    let report: ChangeReport | undefined;
    if (!isStopped() && (await replay.runTo(upTo)) && (await replay.wakeAll(toMs)))
      report = await replay.report(log?.lastDeployed()?.version ?? 0);
    await store.clear();
    return report;
  }

  /** Somebody was forgotten: nothing is known by heart any more. */
  forget(): void {
    forgetSessions();
  }

  /** Nothing is routed, fires or leaves any more; what is in hand is waited for. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([...this.#changes.values()].map((change) => change.close()));
    await Promise.all([...this.#hosts.values()].map((host) => host.close()));
    await Promise.all(this.#trials.values());
  }
}

/** A command to nobody is better found now than when the first one leaves. */
function checkTargets({ name, targets }: RuleSet, options: RuleSystemOptions): void {
  for (const target of targets)
    if (target.remote !== true && !options.hasAggregate(target.name))
      throw new InvalidArgumentError(
        `aggregates (rule set ${name} sends commands to one)`,
        `given with it, or remote(${target.name})`,
        target.name,
      );
}
