/** What a rule does when it fires, gathered: alerts, conclusions, commands, and what it does to the memory. */
import { commandIdOf, type PendingCommand } from "../delivery/index.js";
import { checkObject } from "../kernel/check.js";
import type { CommandTarget } from "../kernel/command-port.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import { EMPTY_DATA, type Message } from "../kernel/event.js";
import { checkId } from "../kernel/ids.js";
import { isolated } from "../kernel/isolate.js";
import { checkPlainData } from "../kernel/plain-data.js";
import type { FactName } from "./beliefs.js";
import type { FactKind } from "./fact.js";
import type { LiveSession } from "./live-session.js";
import type { Match } from "./matches.js";
import { checkFactId, Memory, type Doing } from "./memory.js";
import { checkSendingOptions, type RuleSendOptions } from "./sending.js";
import type { Act, MatchedFact } from "./working-memory.js";

/** Within the depth that an event may have, less the levels of the record around it. */
const DATA_DEPTH_MAX = 26;
const ATTEMPTS_MAX = 20;

/** A firing, as its rule must know it. */
export interface FiringPlace extends Doing {
  readonly match: Match;
  readonly firing: number;
  readonly facts: readonly MatchedFact[];
  readonly sessionId: string;
  /** Wall time: what deadlines count from. */
  readonly nowMs: number;
}

export class FiringAct extends Memory implements Act {
  readonly #place: FiringPlace;
  readonly alerts: Message[] = [];
  readonly commands: PendingCommand[] = [];
  readonly concluded: FactName[] = [];

  constructor(session: LiveSession, place: FiringPlace) {
    super(session, place);
    this.#place = place;
  }

  get sessionId(): string {
    return this.#place.sessionId;
  }

  get rule(): string {
    return this.#place.match.plan.rule.name;
  }

  get match(): readonly MatchedFact[] {
    return this.#place.facts;
  }

  alert(alert: Message): void {
    this.checkOpen();
    checkObject("alert", alert);
    const { type, data = EMPTY_DATA } = alert;
    checkId("type of an alert", type);
    if (type.startsWith("rules."))
      throw new InvalidArgumentError(
        "type of an alert",
        "one that isn't Tidemark's (\"rules.\")",
        type,
      );
    checkPlainData(`data of alert ${type}`, data, DATA_DEPTH_MAX);
    this.alerts.push({ type, data: isolated(data) });
  }

  conclude(kind: FactKind, id: string, data: unknown): void {
    this.checkKind(kind, "fact");
    checkFactId(kind, id);
    const { match, firing, atMs } = this.#place;
    this.session.beliefs.support(kind, id, {
      rule: match.plan.rule.name,
      key: match.key,
      firing,
      data: this.copied(kind, id, data),
      atMs,
      ...this.#place.causes(),
    });
    if (!this.concluded.some(([name, of]) => name === kind.name && of === id))
      this.concluded.push([kind.name, id]);
    this.session.checkFacts();
  }

  send(
    target: CommandTarget,
    entityId: string,
    command: Message,
    options: RuleSendOptions = {},
  ): void {
    this.checkOpen();
    const { name, targets } = this.session.rules;
    if (!targets.has(target))
      throw new InvalidArgumentError(
        "target of send",
        `one that targets of rule set ${name} names`,
        (target as Partial<CommandTarget> | undefined)?.name,
      );
    checkId(`entity id of a command to ${target.name}`, entityId);
    checkObject(`command to ${target.name}`, command);
    const { type, data } = command;
    checkId(`type of a command to ${target.name}`, type);
    if (data !== undefined) checkPlainData(`data of command ${type}`, data, DATA_DEPTH_MAX);
    checkSendingOptions(options);
    const { attemptsMax = ATTEMPTS_MAX, timeoutMs } = options;
    const { firing, sessionId, nowMs } = this.#place;
    this.commands.push({
      id: commandIdOf(name, sessionId, firing, this.commands.length),
      as: type,
      aggregate: target.name,
      ...(target.remote === true ? { remote: true as const } : {}),
      entityId,
      command: data === undefined ? { type } : { type, data: isolated(data) },
      attemptsMax,
      ...(timeoutMs === undefined ? {} : { deadlineAtMs: nowMs + timeoutMs }),
    });
  }
}
