/** What projections have to do with forgetting: standing still while keys go, and entries of documents that now read otherwise. */
import type { ViewKey, ViewWrite } from "../../journal/index.js";
import { indexChangesOf } from "./index-entries.js";
import { idOf, layoutOf, type CollectionLayout } from "./layout.js";
import type { ProjectionHost } from "./projection-host.js";
import type { Projector } from "./projector.js";

export class Forgetting {
  readonly #hosts: ReadonlyMap<string, ProjectionHost>;

  constructor(hosts: ReadonlyMap<string, ProjectionHost>) {
    this.#hosts = hosts;
  }

  /** Name of the projection that a document belongs to; undefined where nobody here knows. */
  projectionOf(key: ViewKey): string | undefined {
    return this.#projectors().find(({ generation }) => generation.id === key[0])?.definition.name;
  }

  /** Whether a document stands in an index whose values are personal. */
  isIndexed(key: ViewKey): boolean {
    return this.#layoutOf(key)?.indexes.some(({ definition }) => definition.personal) ?? false;
  }

  /** How the entries of a document change. */
  entriesOf(key: ViewKey, before: unknown, after: unknown): readonly ViewWrite[] {
    const layout = this.#layoutOf(key);
    return layout === undefined ? [] : indexChangesOf(layout, idOf(key), before, after);
  }

  /** Runs while no projection handles anything, and everything that was handled is on disk. What they know by heart is forgotten behind it. */
  held(run: () => Promise<void>): Promise<void> {
    const hold = ([first, ...rest]: readonly Projector[]): Promise<void> =>
      first === undefined ? run() : first.forgetting(() => hold(rest));
    return hold(this.#projectors());
  }

  #projectors(): Projector[] {
    return [...this.#hosts.values()].flatMap(({ generations }) => generations.projectors());
  }

  #layoutOf(key: ViewKey): CollectionLayout | undefined {
    const found = this.#projectors().find(({ generation }) => generation.id === key[0]);
    if (found === undefined) return undefined;
    const layouts = layoutOf(found.definition.collections, found.generation.id);
    return layouts.find(({ prefix }) => prefix[1] === key[1]);
  }
}
