/**
 * What the pools of several runtimes share: room for so many activations and so many bytes among all of them. No pool has a part
 * of its own. Where there is no room the one that has most gives up an idle activation, whoever asks; where none is idle the
 * command waits in its own pool until any of them has one. Of the pools whose commands wait the one that has least comes first, so
 * that one which always has more of them keeps no other from its turn.
 */

/** A pool, as its budget sees it. */
export interface BudgetMember {
  readonly activations: number;
  readonly stateBytes: number;
  readonly waiting: number;
  /** Ends an idle activation; false where there is none. */
  evictIdle(): boolean;
  /** Lets in the entity that waits longest; false where there is none, or no room. */
  admitNext(): boolean;
}

/** @internal */
export class Budget {
  readonly #activationsMax: number;
  readonly #stateBytesMax: number;
  readonly #members = new Set<BudgetMember>();
  #activations = 0;
  #stateBytes = 0;

  constructor(bounds: { readonly activationsMax: number; readonly stateBytesMax: number }) {
    this.#activationsMax = bounds.activationsMax;
    this.#stateBytesMax = bounds.stateBytesMax;
  }

  get activations(): number {
    return this.#activations;
  }

  get stateBytes(): number {
    return this.#stateBytes;
  }

  join(member: BudgetMember): void {
    this.#members.add(member);
  }

  leave(member: BudgetMember): void {
    this.#members.delete(member);
    this.freed();
  }

  /** Takes room for one activation, of somebody's who is idle where there is none. */
  take(): boolean {
    if (this.#activations >= this.#activationsMax && !this.#evict(byActivations)) return false;
    this.#activations += 1;
    return true;
  }

  give(): void {
    this.#activations -= 1;
  }

  weigh(changeBytes: number): void {
    this.#stateBytes += changeBytes;
  }

  /** Ends idle activations until the bytes fit, or all that is left is busy. */
  shed(): void {
    while (this.#stateBytes > this.#stateBytesMax && this.#evict(byBytes));
  }

  /** There may be room, or somebody to make it: whoever waits tries again, one entity after the other. */
  freed(): void {
    for (;;) {
      const waiting = [...this.#members].filter((each) => each.waiting > 0);
      // One that can't just now keeps nobody behind it from trying.
      if (!waiting.sort((a, b) => a.activations - b.activations).some((each) => each.admitNext()))
        return;
    }
  }

  #evict(size: (member: BudgetMember) => number): boolean {
    const members = [...this.#members].filter(({ activations }) => activations > 0);
    return members.sort((a, b) => size(b) - size(a)).some((member) => member.evictIdle());
  }
}

const byActivations = ({ activations }: BudgetMember) => activations;
const byBytes = ({ stateBytes }: BudgetMember) => stateBytes;
