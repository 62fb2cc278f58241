/**
 * Upcasters turn stored events into today's at read: nothing on disk changes. For each stored type a chain of steps; a
 * `reshape` takes the data from one shape to the next (shapes are numbered from 1, and each event is stored with its
 * own), and a last step may rename, split or drop.
 *
 * ```
 * Deposited  shape 1 --reshape--> shape 2 --reshape--> shape 3 = today's
 * Opend      shape 1 --renameTo("Opened")--> Opened shape 1 --…
 * Moved      shape 1 --splitInto(["Left", "Arrived"])--> Left shape 1 --…,  Arrived shape 1 --…
 * Noted      shape 1 --drop()
 * ```
 */
import { InvalidArgumentError } from "../src/kernel/errors.js";
import { EMPTY_DATA, type Message, type StoredEvent } from "../src/kernel/event.js";
import { handedOn } from "../src/kernel/provenance.js";
import { checkId } from "../src/kernel/ids.js";
import { checkArray, checkInteger, checkObject } from "../src/kernel/check.js";
import { UnreadableEventError } from "./errors.js";

interface Target {
  readonly type: string;
  readonly shape: number;
}

/** @internal */
type LastStep =
  | { readonly kind: "rename"; readonly to: Target }
  | {
      readonly kind: "split";
      readonly into: readonly Target[];
      readonly split: (data: never) => readonly Message[];
    }
  | { readonly kind: "drop" };

/** A chain of steps for one stored type, made by {@link upcaster}. `Output` is the data at its end. */
export class Upcaster<Output = unknown> {
  /** Only for the compiler: chains with other results are other types. */
  declare readonly output?: Output;
  /** From each shape to the next, the oldest first. */
  readonly reshapes: readonly ((data: never) => unknown)[];
  readonly last: LastStep | undefined;

  /** @internal */
  constructor(reshapes: readonly ((data: never) => unknown)[], last: LastStep | undefined) {
    this.reshapes = reshapes;
    this.last = last;
    Object.freeze(this);
  }

  /** From the shape so far to the next. Pure; today's recorded events are given the number of the last shape. */
  reshape<Next>(next: (data: Output) => Next): Upcaster<Next> {
    this.#assertOpen();
    return new Upcaster<Next>([...this.reshapes, next], undefined);
  }

  /**
   * The type is called otherwise today. Goes on with the other type's chain.
   *
   * @param options.shape - Shape of the other type that the data has by now; defaults to 1.
   */
  renameTo(type: string, options: { readonly shape?: number } = {}): Upcaster<never> {
    this.#assertOpen();
    checkObject("options of renameTo", options);
    return new Upcaster<never>(this.reshapes, {
      kind: "rename",
      to: targetOf(type, options.shape),
    });
  }

  /**
   * One stored event stands for several of today's, in order; they share its version and position.
   *
   * @param types - Every type that `split` may return, in its first shape.
   */
  splitInto(
    types: readonly string[],
    split: (data: Output) => readonly Message[],
  ): Upcaster<never> {
    this.#assertOpen();
    checkArray("types of splitInto", types, 1);
    return new Upcaster<never>(this.reshapes, {
      kind: "split",
      into: types.map((type) => targetOf(type, 1)),
      split,
    });
  }

  /** The event means nothing today: folds and projections don't see it. */
  drop(): Upcaster<never> {
    this.#assertOpen();
    return new Upcaster<never>(this.reshapes, { kind: "drop" });
  }

  #assertOpen(): void {
    if (this.last !== undefined)
      throw new InvalidArgumentError(
        "upcaster",
        "without steps after its last one",
        this.last.kind,
      );
  }
}

/** Begins a chain for events stored with data of the first shape. */
export function upcaster<FirstShape>(): Upcaster<FirstShape> {
  return new Upcaster<FirstShape>([], undefined);
}

function targetOf(type: string, shape: number | undefined): Target {
  checkId("upcaster target", type);
  if (shape !== undefined) checkInteger(`shape of upcaster target ${type}`, shape, 1, 65_535);
  return { type, shape: shape ?? 1 };
}

/** The chains of one aggregate, with the types it knows today. @internal */
export class Upcasters {
  readonly #name: string;
  readonly #chains: ReadonlyMap<string, Upcaster>;
  readonly #current: ReadonlySet<string>;

  /** @throws InvalidArgumentError - A chain ends nowhere, runs in a circle, or leads to a type nobody handles. */
  constructor(name: string, current: Iterable<string>, chains: Readonly<Record<string, Upcaster>>) {
    this.#name = name;
    this.#current = new Set(current);
    this.#chains = new Map(Object.entries(chains));
    for (const [type, chain] of this.#chains) this.#checkChain(type, chain);
  }

  #checkChain(type: string, chain: Upcaster): void {
    checkId(`upcaster of ${this.#name}`, type);
    const argument = `upcaster of ${this.#name} for ${type}`;
    if (!(chain instanceof Upcaster))
      throw new InvalidArgumentError(argument, "made by upcaster()", chain);
    if (chain.last === undefined && !this.#current.has(type)) {
      throw new InvalidArgumentError(
        argument,
        "ended by renameTo, splitInto or drop, since evolve doesn't handle the type",
        type,
      );
    }
    if (chain.last !== undefined && this.#current.has(type)) {
      throw new InvalidArgumentError(
        argument,
        `for a type of the past, but evolve still handles it (remove it there)`,
        type,
      );
    }
    this.#follow(type, [type]);
  }

  #follow(type: string, path: readonly string[]): void {
    for (const target of targetsOf(this.#chains.get(type))) {
      const way = [...path, target.type].join(" → ");
      const argument = `upcasters of ${this.#name}`;
      if (path.includes(target.type))
        throw new InvalidArgumentError(argument, "without circles", way);
      if (!this.#current.has(target.type) && !this.#chains.has(target.type)) {
        throw new InvalidArgumentError(argument, "leading to types that evolve handles", way);
      }
      if (target.shape > this.shapeOf(target.type)) {
        throw new InvalidArgumentError(
          argument,
          `leading to a shape that exists (1 to ${this.shapeOf(target.type)})`,
          target.shape,
        );
      }
      this.#follow(target.type, [...path, target.type]);
    }
  }

  /** The shape in which events of a type are recorded today. */
  shapeOf(type: string): number {
    return (this.#chains.get(type)?.reshapes.length ?? 0) + 1;
  }

  /** Whether a stored type can be read today. */
  knows(type: string): boolean {
    return this.#current.has(type) || this.#chains.has(type);
  }

  /** The stored types that may be read as one of `types`: what a filter must ask the journal for. */
  storedTypesFor(types: Iterable<string>): string[] {
    const wanted = new Set(types);
    let size = 0;
    while (size !== wanted.size) {
      size = wanted.size;
      for (const [type, chain] of this.#chains) {
        if (targetsOf(chain).some((target) => wanted.has(target.type))) wanted.add(type);
      }
    }
    return [...wanted];
  }

  /** Changes whenever a chain changes; part of the fingerprint of snapshots. */
  sources(): string[] {
    return [...this.#chains].map(([type, { reshapes, last }]) => {
      const ending =
        last === undefined
          ? ""
          : JSON.stringify(last, (_, value: unknown) =>
              typeof value === "function" ? String(value) : value,
            );
      return `${type}: ${reshapes.map(String).join(" | ")} ${ending}`;
    });
  }

  /** Whether an event was recorded as it would be today: nothing is to be done. */
  isCurrent({ type, shape }: StoredEvent): boolean {
    return shape === 1 && !this.#chains.has(type);
  }

  /**
   * A stored event as today's: itself, another, several, or none.
   *
   * @throws UnreadableEventError - Its type or shape isn't known, or a step threw.
   */
  upcast<E extends StoredEvent>(event: E): readonly E[] {
    if (this.isCurrent(event)) return [event];
    const at = { type: event.type, shape: event.shape, data: event.data };
    return this.#upcastFrom(event, at).map((current) => handedOn(event, current));
  }

  #upcastFrom<E extends StoredEvent>(
    event: E,
    at: { type: string; shape: number; data: unknown },
  ): E[] {
    const chain = this.#chains.get(at.type);
    const newest = this.shapeOf(at.type);
    if (at.shape > newest) {
      throw unreadable(
        event,
        `it has shape ${at.shape}, this version knows ${newest}: it was written by newer code`,
      );
    }
    let { data } = at;
    for (let shape = at.shape; shape < newest; shape++) {
      data = guarded(event, `reshape from ${shape} to ${shape + 1}`, () =>
        chain?.reshapes[shape - 1]?.(data as never),
      );
    }
    const last = chain?.last;
    switch (last?.kind) {
      case undefined:
        return [{ ...event, type: at.type, shape: newest, data }];
      case "drop":
        return [];
      case "rename":
        return this.#upcastFrom(event, { ...last.to, data });
      case "split": {
        const messages = guarded(event, "split", () => last.split(data as never));
        return messages.flatMap((message) => this.#upcastPart(event, last.into, message));
      }
    }
  }

  #upcastPart<E extends StoredEvent>(event: E, into: readonly Target[], message: Message): E[] {
    const target = into.find(({ type }) => type === message.type);
    if (target === undefined)
      throw unreadable(event, `its split gave a ${message.type}, which wasn't announced`);
    return this.#upcastFrom(event, { ...target, data: message.data ?? EMPTY_DATA });
  }
}

function targetsOf(chain: Upcaster | undefined): readonly Target[] {
  switch (chain?.last?.kind) {
    case "rename":
      return [chain.last.to];
    case "split":
      return chain.last.into;
    case "drop":
    case undefined:
      return [];
  }
}

function guarded<T>(event: StoredEvent, step: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw unreadable(event, `its upcaster threw (${step})`, cause);
  }
}

function unreadable(event: StoredEvent, problem: string, cause?: unknown): UnreadableEventError {
  return new UnreadableEventError(
    event.streamId,
    event.version,
    event.position,
    event.type,
    problem,
    { cause },
  );
}
