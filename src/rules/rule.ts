/** The definition of a rule: what must be there, what must not, for how long; and what is then done. */
import { checkInteger, checkObject } from "../kernel/check.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import type { Message } from "../kernel/event.js";
import { checkName } from "../kernel/ids.js";
import { checkDuration, checkKey, type DataOfKind, type Kind } from "./fact.js";
import type { Act } from "./working-memory.js";

/** What a predicate may know of a fact besides its data. */
export interface FactInfo {
  readonly id: string;
  /** When it was last inserted, updated or concluded. */
  readonly atMs: number;
}

/** Whether a fact is one of those meant; `bound` is what the patterns before it have found. Pure. */
export type Predicate<Data, Bindings> = (data: Data, bound: Bindings, fact: FactInfo) => boolean;

/** Which facts of a kind are meant. */
export interface PatternOptions<Data, Bindings> {
  /** The one with this id, found without looking at the others; none where it is undefined. Pure. */
  readonly id?: (bound: Bindings) => string | undefined;
  readonly where?: Predicate<Data, Bindings>;
}

/** Which facts of a kind are collected, and when their collection counts. */
export interface CollectOptions<Data, Bindings> extends PatternOptions<Data, Bindings> {
  /** Whether there is a match with what was collected. By default there is, even with nothing. Pure. */
  readonly having?: (collected: readonly Data[], bound: Bindings) => boolean;
}

/** A pattern, without its types. @internal */
export interface Pattern {
  readonly mode: "when" | "without" | "collect";
  /** Empty where nothing is bound. */
  readonly as: string;
  readonly kind: Kind;
  readonly id: ((bound: Bound) => unknown) | undefined;
  readonly where: ((data: unknown, bound: Bound, fact: FactInfo) => unknown) | undefined;
  readonly having: ((collected: readonly unknown[], bound: Bound) => unknown) | undefined;
}

/** What patterns have bound, by name. @internal */
export type Bound = Readonly<Record<string, unknown>>;

/** A rule, checked. */
export interface Rule<Alert extends Message = Message> {
  readonly name: string;
  readonly patterns: readonly Pattern[];
  readonly salience: number;
  readonly lastingMs: number | undefined;
  /** The moment at which it fires; undefined where the definition says none. */
  readonly dueAt: ((bound: Bound) => unknown) | undefined;
  /** It fires again whenever this becomes another value. */
  readonly refireOn: ((bound: Bound) => unknown) | undefined;
  /** What it does when it fires. */
  readonly then: (bound: Bound, act: Act) => void;
  /** Only for the compiler. */
  readonly types?: { readonly alert: Alert };
}

/** What one pattern binds. */
export type Binding<As extends string, Value> = { readonly [Name in As]: Value };
/** An intersection as one object. */
export type Flattened<T> = { [Key in keyof T]: T[Key] };

interface Draft extends Omit<Rule, "then" | "types"> {
  readonly patterns: readonly Pattern[];
}

/** A rule on its way; each call gives another one. */
export class RuleBuilder<Alert extends Message, Bindings> {
  readonly #draft: Draft;

  /** @internal */
  constructor(draft: Draft) {
    this.#draft = draft;
  }

  /**
   * There is a fact of this kind: one match for each, and for each combination of those of several `when`. It is bound by the name.
   * The same fact may stand for two patterns of one kind unless `where` says otherwise.
   */
  when<As extends string, K extends Kind>(
    as: As,
    kind: K,
    which?:
      | Predicate<DataOfKind<K>, NoInfer<Bindings>>
      | PatternOptions<DataOfKind<K>, NoInfer<Bindings>>,
  ): RuleBuilder<Alert, Flattened<Bindings & Binding<As, DataOfKind<K>>>> {
    return this.#with("when", as, kind, which);
  }

  /** There is no such fact. */
  without<K extends Kind>(
    kind: K,
    which?:
      | Predicate<DataOfKind<K>, NoInfer<Bindings>>
      | PatternOptions<DataOfKind<K>, NoInfer<Bindings>>,
  ): RuleBuilder<Alert, Bindings> {
    return this.#with("without", "", kind, which);
  }

  /**
   * All such facts together, as an array of their data in the order in which they came. A match stays the same while what is
   * collected changes.
   */
  collect<As extends string, K extends Kind>(
    as: As,
    kind: K,
    options?: CollectOptions<DataOfKind<K>, NoInfer<Bindings>>,
  ): RuleBuilder<Alert, Flattened<Bindings & Binding<As, readonly DataOfKind<K>[]>>> {
    return this.#with("collect", as, kind, options);
  }

  /** Fires once the match has held for so long without a break. */
  lasting(ms: number): RuleBuilder<Alert, Bindings> {
    checkDuration(`lasting of rule ${this.#draft.name}`, ms);
    if (this.#draft.lastingMs !== undefined) throw this.#twice("lasting", "once");
    return new RuleBuilder({ ...this.#draft, lastingMs: ms });
  }

  /**
   * Fires at this moment, in milliseconds since 1970, if the match still holds then; at once where it is in the past, never where it is
   * undefined. Asked again whenever a fact of the match changes. Pure.
   */
  dueAt(moment: (bound: Bindings) => number | undefined): RuleBuilder<Alert, Bindings> {
    this.#checkFunction("dueAt", moment);
    if (this.#draft.dueAt !== undefined) throw this.#twice("dueAt", "once");
    return new RuleBuilder({ ...this.#draft, dueAt: moment as (bound: Bound) => unknown });
  }

  /** Fires again, while the match holds, whenever this becomes another value. Pure. */
  refireOn(value: (bound: Bindings) => string | number | boolean): RuleBuilder<Alert, Bindings> {
    this.#checkFunction("refireOn", value);
    if (this.#draft.refireOn !== undefined) throw this.#twice("refireOn", "once");
    return new RuleBuilder({ ...this.#draft, refireOn: value as (bound: Bound) => unknown });
  }

  /** Of several rules that may fire, those with the highest do so first. Defaults to 0. */
  salience(salience: number): RuleBuilder<Alert, Bindings> {
    checkInteger(`salience of rule ${this.#draft.name}`, salience, -1_000_000, 1_000_000);
    return new RuleBuilder({ ...this.#draft, salience });
  }

  /**
   * What it does when it fires: once for each match, while that holds. Pure but for what it asks `act` for.
   *
   * @throws InvalidArgumentError - The rule has no `when` and no `collect`, or both `lasting` and `dueAt`.
   */
  then(run: (bound: Bindings, act: Act<Alert>) => void): Rule<Alert> {
    const { name, patterns, lastingMs, dueAt } = this.#draft;
    this.#checkFunction("then", run);
    if (!patterns.some(({ mode }) => mode !== "without"))
      throw new InvalidArgumentError(`rule ${name}`, "with a when or a collect", patterns.length);
    if (lastingMs !== undefined && dueAt !== undefined)
      throw this.#twice("lasting", "without dueAt, which says when already");
    const then = run as unknown as Rule["then"];
    return Object.freeze({ ...this.#draft, patterns: Object.freeze([...patterns]), then });
  }

  #with<Next>(
    mode: Pattern["mode"],
    as: string,
    kind: Kind,
    which: unknown = {},
  ): RuleBuilder<Alert, Next> {
    const { name, patterns } = this.#draft;
    const argument = `${mode} ${as} of rule ${name}`.replace("  ", " ");
    if (mode !== "without") {
      checkName(`name of a ${mode} of rule ${name}`, as);
      checkKey(`name of a ${mode} of rule ${name}`, as);
      if (patterns.some((pattern) => pattern.as === as))
        throw new InvalidArgumentError(argument, "a name that no other pattern of it has", as);
    }
    checkKind(argument, kind);
    const options = typeof which === "function" ? { where: which } : which;
    checkObject(`options of ${argument}`, options);
    const { id, where, having } = options as Partial<Pattern>;
    for (const [option, value] of Object.entries({ id, where, having }))
      if (value !== undefined && typeof value !== "function")
        throw new InvalidArgumentError(`${option} of ${argument}`, "a function", value);
    const pattern: Pattern = Object.freeze({ mode, as, kind, id, where, having });
    return new RuleBuilder({ ...this.#draft, patterns: [...patterns, pattern] });
  }

  #checkFunction(method: string, value: unknown): void {
    if (typeof value !== "function")
      throw new InvalidArgumentError(`${method} of rule ${this.#draft.name}`, "a function", value);
  }

  #twice(method: string, expected: string): InvalidArgumentError {
    return new InvalidArgumentError(`${method} of rule ${this.#draft.name}`, expected, "both");
  }
}

/**
 * Begins the definition of a rule; `then` ends it.
 *
 * @typeParam Alert - The alerts that it may raise.
 * @param name - Names it in what is recorded: a rule that is called otherwise is another one.
 * @throws InvalidArgumentError - The name isn't valid.
 */
export function rule<Alert extends Message = Message>(
  name: string,
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- nothing is bound yet
): RuleBuilder<Alert, {}> {
  checkName("name of a rule", name);
  checkKey("name of a rule", name);
  return new RuleBuilder({
    name,
    patterns: [],
    salience: 0,
    lastingMs: undefined,
    dueAt: undefined,
    refireOn: undefined,
  });
}

export function checkKind(argument: string, kind: unknown): asserts kind is Kind {
  const { name, form } = (kind ?? {}) as Partial<Kind>;
  if (typeof name !== "string" || typeof form !== "string")
    throw new InvalidArgumentError(argument, "about a kind made by fact(), signal(), …", kind);
}
