/**
 * Which events are for which sessions of a rule set, and what time it is with each: the latest of all events so far, in the order
 * of the log, so that the same log always tells the same time.
 */
import type { Delivery, Origin, Routed, Routes } from "../delivery/index.js";
import type { RecordedEvent } from "../kernel/event.js";
import type { RuleSet } from "./rule-set.js";
import { BEFORE_TIME_MS, type EventInput } from "./session.js";

/** Gives an event to a session. Resolves with why it wasn't taken, or with nothing. */
export type TakeRouted = (sessionId: string, input: EventInput) => Promise<string | undefined>;

export class RuleRoutes implements Routes {
  readonly owner: string;
  readonly label: string;
  readonly sources: Routes["sources"];
  readonly types: Iterable<string>;
  readonly start: Routes["start"];
  readonly #rules: RuleSet;
  readonly #take: TakeRouted;
  readonly #onAdvanced: (timeMs: number) => void;
  /** Of all events that were asked for. */
  #timeMs = BEFORE_TIME_MS;

  /** @param onAdvanced - Told the time once everything up to there has reached its sessions. */
  constructor(rules: RuleSet, take: TakeRouted, onAdvanced: (timeMs: number) => void) {
    this.#rules = rules;
    this.#take = take;
    this.#onAdvanced = onAdvanced;
    this.owner = rules.name;
    this.label = `rule set ${rules.name}`;
    this.sources = rules.sources;
    this.types = rules.handlers.keys();
    this.start = rules.start;
  }

  /** The latest time of the events so far. */
  get timeMs(): number {
    return this.#timeMs;
  }

  resume({ watermarkMs = BEFORE_TIME_MS }: Partial<Routed>): void {
    this.#timeMs = watermarkMs;
  }

  progress(): Omit<Routed, "at"> {
    return this.#timeMs === BEFORE_TIME_MS ? {} : { watermarkMs: this.#timeMs };
  }

  advanced(): void {
    this.#onAdvanced(this.#timeMs);
  }

  deliveriesOf(event: RecordedEvent, origin: Origin): readonly Delivery[] {
    return this.inputsOf(event, origin).map(([sessionId, input]) => ({
      instanceId: sessionId,
      take: () => this.#take(sessionId, input),
    }));
  }

  /** @throws Whatever `key` and `time` of the rule set throw. Then time doesn't go on. */
  inputsOf(event: RecordedEvent, origin: Origin): (readonly [string, EventInput])[] {
    const keys = this.#rules.keysOf(event);
    const atMs = this.#rules.timeOf(event);
    this.#timeMs = Math.max(this.#timeMs, atMs);
    const watermarkMs = this.#timeMs - this.#rules.latenessMs;
    const input: EventInput = { kind: "event", event, origin, atMs, watermarkMs };
    return keys.map((key) => [key, input]);
  }
}
