/**
 * A place in memory whose process dies at a chosen write: that write, and all that would have come after it, never happen and
 * are never answered. Every record of the journal counts, within a group commit too, and every write of views.
 */
import {
  MemoryViews,
  type ViewRange,
  type ViewTable,
  type ViewWrite,
} from "../../journal/index.js";
import { MemoryDirectory } from "tidemark/testing";

type Record = MemoryDirectory["store"]["records"][number];

const never = () => new Promise<never>(() => undefined);

class DyingViews extends MemoryViews {
  readonly #mayWrite: () => boolean;

  constructor(mayWrite: () => boolean) {
    super();
    this.#mayWrite = mayWrite;
  }

  override async write(writes: readonly ViewWrite[]): Promise<void> {
    // On a disk this, too, takes a while.
    await new Promise((resolve) => setImmediate(resolve));
    await (this.#mayWrite() ? super.write(writes) : never());
  }

  override async removeRange(
    table: ViewTable,
    range: Pick<ViewRange, "from" | "before">,
  ): Promise<void> {
    await (this.#mayWrite() ? super.removeRange(table, range) : never());
  }
}

export class DyingDirectory extends MemoryDirectory {
  override readonly views = new DyingViews(() => this.#mayWrite());
  writes = 0;
  #diesAt = Infinity;

  constructor() {
    super();
    const { records } = this.store;
    Object.defineProperty(records, "push", {
      value: (record: Record) => {
        if (this.#mayWrite()) records[records.length] = record;
        return records.length;
      },
    });
  }

  get dead(): boolean {
    return this.writes >= this.#diesAt;
  }

  /** From now on, the write of that number (from 1) is the first that doesn't happen. */
  dieAt(write: number): void {
    this.writes = 0;
    this.#diesAt = write;
  }

  #mayWrite(): boolean {
    this.writes += 1;
    return !this.dead;
  }
}
