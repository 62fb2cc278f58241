/** The projection that most tests use: an account's balance, and how often it has changed. */
import { collection, projection, type ProjectionDefinition } from "tidemark";
import { Account } from "./account.js";

export interface Balance {
  readonly cents: number;
  readonly changes: number;
  /** Tells documents of one version from those of another. */
  readonly version: number;
}

const rows = collection<Balance>().index("byCents", "cents");
type Definition = ProjectionDefinition<readonly [typeof Account], { readonly rows: typeof rows }>;

/** Told of each event before it is handled; may throw. */
export type BeforeEvent = (event: { readonly position: number; readonly entityId: string }) => void;

export function balancesOf(
  version: number,
  options: Partial<Definition> & { readonly before?: BeforeEvent; readonly factor?: number } = {},
) {
  const { before, factor = 1, ...changes } = options;
  const changed = (cents: number, row: Balance | undefined): Balance => ({
    cents: (row?.cents ?? 0) + factor * cents,
    changes: (row?.changes ?? 0) + 1,
    version,
  });
  return projection({
    name: "balances",
    version,
    from: [Account],
    collections: { rows },
    on: {
      Deposited: (event, documents) => {
        before?.(event);
        documents.rows.update(event.entityId, (row) => changed(event.data.cents, row));
      },
      Withdrawn: (event, documents) => {
        before?.(event);
        const row = documents.rows.get(event.entityId);
        if (row?.cents === factor * event.data.cents) documents.rows.remove(event.entityId);
        else documents.rows.put(event.entityId, changed(-event.data.cents, row));
      },
    },
    ...changes,
  });
}
