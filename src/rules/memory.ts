/** The working memory as handlers and rules are given it: it checks what they ask for, and copies what they give. */
import { InvalidArgumentError } from "../kernel/errors.js";
import { isolated } from "../kernel/isolate.js";
import { defaultLimits } from "../kernel/limits.js";
import { checkPlainData } from "../kernel/plain-data.js";
import type { DataOfKind, FactKind, Kind, SignalKind } from "./fact.js";
import { withCause } from "./causes.js";
import type { LiveSession } from "./live-session.js";
import type { Cause, Causes } from "./cause.js";
import type { Stated } from "./session.js";
import type { WindowKind } from "./window.js";
import type { StoredSample } from "./window-store.js";
import { isWindow } from "./live-windows.js";
import type { Sample, WorkingMemory } from "./working-memory.js";

/** Within the depth that an event or a state may have, less the levels of the maps around it. */
const DATA_DEPTH_MAX = 16;

/** Who does something to the memory, when, and because of what. */
export interface Doing {
  readonly atMs: number;
  causes(): Causes;
}

export class Memory implements WorkingMemory {
  protected readonly session: LiveSession;
  readonly #doing: Doing;
  #isOver = false;

  constructor(session: LiveSession, doing: Doing) {
    this.session = session;
    this.#doing = doing;
  }

  get atMs(): number {
    return this.#doing.atMs;
  }

  insert(
    kind: FactKind,
    id: string,
    data: unknown,
    options: { readonly expiresAtMs?: number } = {},
  ): void {
    this.checkKind(kind, "fact");
    checkFactId(kind, id);
    const { atMs } = this.#doing;
    const stated: Stated = {
      data: this.copied(kind, id, data),
      atMs,
      ...this.#expiry(kind, options.expiresAtMs),
      ...this.#doing.causes(),
    };
    this.session.beliefs.state(kind, id, stated);
    this.session.checkFacts();
  }

  update<Data>(kind: FactKind<Data>, id: string, change: (data: Data) => Data): boolean {
    this.checkKind(kind, "fact");
    const fact = this.session.beliefs.get(kind.name, id);
    if (fact === undefined) return false;
    const data = change(isolated(fact.data) as Data);
    const { expiresAtMs } = fact.stored.stated ?? {};
    // A moment that an insertion gave stays; one that the kind gives counts anew.
    const expiry = this.#expiry(kind, kind.expiresAfterMs === undefined ? expiresAtMs : undefined);
    let causes: Causes = fact.causes;
    for (const cause of this.#doing.causes().causes) causes = withCause(causes, cause);
    const { causes: events, causesDropped = 0 } = causes;
    this.session.beliefs.state(kind, id, {
      data: this.copied(kind, id, data),
      atMs: this.#doing.atMs,
      ...expiry,
      causes: events,
      ...(causesDropped === 0 ? {} : { causesDropped }),
    });
    return true;
  }

  retract(kind: FactKind, id: string): boolean {
    this.checkKind(kind, "fact");
    return this.session.beliefs.unstate(kind.name, id);
  }

  get<K extends Kind>(kind: K, id: string): DataOfKind<K> | undefined {
    this.checkKind(kind);
    return this.session.facts.get(kind.name, id)?.data;
  }

  all<K extends Kind>(kind: K): readonly DataOfKind<K>[] {
    this.checkKind(kind);
    return this.session.facts.listed(kind).map(({ data }) => data as DataOfKind<K>);
  }

  signal<Data>(kind: SignalKind<Data>, data: Data, id = ""): void {
    this.checkKind(kind, "signal");
    checkFactId(kind, id);
    const copy = this.copied(kind, id, data);
    this.session.signal(kind, id, copy, this.#doing.atMs, this.#doing.causes());
  }

  add(window: WindowKind, sample: Sample = {}): void {
    this.checkKind(window);
    if (!isWindow(window))
      throw new InvalidArgumentError("kind of add", "a window or a counter", window);
    const { value = 1, label, group = "", atMs = this.#doing.atMs } = sample;
    checkFactId(window, group);
    const argument = `sample of ${window.name}`;
    if (!Number.isFinite(value))
      throw new InvalidArgumentError(`value of ${argument}`, "a finite number", value);
    if (!Number.isFinite(atMs))
      throw new InvalidArgumentError(
        `atMs of ${argument}`,
        "a number of milliseconds since 1970",
        atMs,
      );
    if (label !== undefined) checkText(`label of ${argument}`, label);
    const { causes } = this.#doing.causes();
    const cause: Cause | null = causes[causes.length - 1] ?? null;
    const stored: StoredSample =
      label === undefined ? [atMs, value, cause] : [atMs, value, cause, label];
    this.session.add(window, group, stored);
    this.session.checkFacts();
  }

  /** What is asked for later isn't part of the step. */
  end(): void {
    this.#isOver = true;
  }

  /** @throws InvalidArgumentError - It isn't one of the rule set's kinds, or of another form. */
  protected checkKind(kind: Kind, form?: Kind["form"]): void {
    this.checkOpen();
    const { name } = (kind as Partial<Kind> | undefined) ?? {};
    if (name === undefined || this.session.rules.kinds.get(name) !== kind)
      throw new InvalidArgumentError("kind", "one that facts of the rule set names", name);
    if (form !== undefined && kind.form !== form)
      throw new InvalidArgumentError(`kind ${kind.name}`, `a ${form}`, kind.form);
  }

  protected checkOpen(): void {
    if (this.#isOver)
      throw new InvalidArgumentError(
        "working memory",
        "used before its handler returns",
        "a later call",
      );
  }

  /** @throws InvalidArgumentError - It isn't plain data. */
  protected copied(kind: Kind, id: string, data: unknown): unknown {
    checkPlainData(`data of ${kind.name} ${id}`.trimEnd(), data, DATA_DEPTH_MAX);
    return isolated(data);
  }

  #expiry(kind: FactKind, expiresAtMs: number | undefined): Pick<Stated, "expiresAtMs"> {
    if (expiresAtMs !== undefined) {
      if (!Number.isFinite(expiresAtMs))
        throw new InvalidArgumentError(
          `expiresAtMs of ${kind.name}`,
          "a number of milliseconds since 1970",
          expiresAtMs,
        );
      return { expiresAtMs };
    }
    const { expiresAfterMs } = kind;
    return expiresAfterMs === undefined ? {} : { expiresAtMs: this.#doing.atMs + expiresAfterMs };
  }
}

export function checkFactId(kind: Kind, id: unknown): void {
  checkText(`id of ${kind.name}`, id);
}

function checkText(argument: string, text: unknown): asserts text is string {
  const max = defaultLimits.idBytesMax;
  if (typeof text !== "string") throw new InvalidArgumentError(argument, "text", text);
  if (!text.isWellFormed())
    throw new InvalidArgumentError(argument, "text without lone surrogates", text);
  if (text.length > max || Buffer.byteLength(text) > max)
    throw new InvalidArgumentError(argument, `at most ${max} bytes of text`, text);
}
