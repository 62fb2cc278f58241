/** Publications on their way: so many at a time, and what became of them. */
import { asError } from "../kernel/errors.js";
import type { Position } from "../kernel/event.js";

export class PublishWindow {
  readonly #max: number;
  /** On their way or behind one that is, in order. */
  readonly #open: { readonly position: Position; ended: boolean }[] = [];
  #acknowledged: Position;
  #inFlight = 0;
  #failure: Error | undefined;
  #goOn: () => void = () => undefined;

  /** @param acknowledged - Everything up to there was acknowledged before. */
  constructor(max: number, acknowledged: Position) {
    this.#max = max;
    this.#acknowledged = acknowledged;
  }

  /** Everything up to there was acknowledged. */
  get acknowledged(): Position {
    return this.#acknowledged;
  }

  /** One of them failed: no more should follow. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** Takes one more, in order of position; `undefined` where there is room for another at once. */
  add(position: Position, publishing: Promise<unknown>): Promise<void> | undefined {
    const entry = { position, ended: false };
    this.#open.push(entry);
    this.#inFlight += 1;
    publishing.then(
      () => {
        entry.ended = true;
        this.#ended();
      },
      (error: unknown) => {
        this.#failure ??= asError(error);
        this.#ended();
      },
    );
    return this.#inFlight < this.#max ? undefined : this.#below(this.#max);
  }

  /** Resolves once none is on its way. @throws Error - One of them failed. */
  async settled(): Promise<void> {
    await this.#below(1);
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #below(count: number): Promise<void> {
    while (this.#inFlight >= count) await new Promise<void>((resolve) => (this.#goOn = resolve));
  }

  #ended(): void {
    this.#inFlight -= 1;
    for (let [first] = this.#open; first?.ended === true; [first] = this.#open) {
      this.#acknowledged = first.position;
      this.#open.shift();
    }
    this.#goOn();
  }
}
