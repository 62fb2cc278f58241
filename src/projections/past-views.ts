/** Views of the past that are asked for: built one at a time, so that of however many, memory holds one that isn't done. */
import { JournalClosedError } from "../../journal/index.js";
import type { LogMoment } from "../kernel/moment.js";
import type { Collections } from "./collection.js";
import {
  PastViewBuild,
  type PastView,
  type PastViewOptions,
  type PastViewPorts,
} from "./past-view.js";
import type { Projection } from "./projection.js";
import { Turns } from "./rebuild.js";

export class PastViews {
  readonly #ports: PastViewPorts;
  readonly #turns = new Turns(1);
  readonly #asked = new Set<{ close(): Promise<void> }>();
  #closed = false;

  constructor(ports: PastViewPorts) {
    this.#ports = ports;
  }

  async at<C extends Collections>(
    definition: Projection<C>,
    at: LogMoment,
    options: PastViewOptions,
  ): Promise<PastView<C>> {
    const build = new PastViewBuild(definition, at, options, this.#ports);
    this.#asked.add(build);
    let view: PastView<C> | undefined;
    try {
      await this.#turns.take(
        () => this.#closed,
        async () => {
          view = await build.run();
        },
      );
    } catch (error) {
      // Whatever a fold that was cut off says.
      throw this.#closed ? new JournalClosedError() : error;
    } finally {
      this.#asked.delete(build);
    }
    if (view === undefined) throw new JournalClosedError();
    return view;
  }

  /** Cuts off what is being built. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#turns.wake();
    await Promise.all([...this.#asked].map((build) => build.close()));
  }
}
