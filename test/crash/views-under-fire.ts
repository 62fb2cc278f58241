/** What the killed service keeps in its view, and what its parent holds it to. */
import { collection, projection, type RecordedEvent } from "tidemark";
import { Account } from "./account-under-fire.js";

export interface Row {
  readonly cents: number;
  readonly count: number;
  readonly version: number;
}

/** Fails on some events until it is mended. */
export const isBad = (position: number) => position % 211 === 0;

/** Definitions of a version, and the one before it. */
export function rowsOf(version: number, mended: boolean) {
  const definition = (own: number) => ({
    name: "rows",
    version: own,
    from: [Account] as const,
    collections: { rows: collection<Row>().index("byCents", "cents") },
    onFailure: { attemptsMax: 1, then: "park" } as const,
    on: {
      Deposited: (
        event: RecordedEvent<{ type: "Deposited"; data: { cents: number } }>,
        { rows }: { rows: { update(id: string, change: (row?: Row) => Row): void } },
      ) => {
        if (!mended && isBad(event.position)) throw new Error("not mended yet");
        rows.update(event.entityId, (row) => ({
          cents: (row?.cents ?? 0) + own * event.data.cents,
          count: (row?.count ?? 0) + 1,
          version: own,
        }));
      },
    },
  });
  const before = version > 1 ? projection(definition(version - 1)) : undefined;
  return projection({
    ...definition(version),
    ...(before === undefined ? {} : { previous: before }),
  });
}

/** The view as it must be after these events. */
export function foldOf(events: readonly RecordedEvent[], version: number): Map<string, Row> {
  const rows = new Map<string, Row>();
  for (const { streamType, entityId, data } of events) {
    if (streamType !== "account") continue;
    const row = rows.get(entityId) ?? { cents: 0, count: 0, version };
    const { cents } = data as { cents: number };
    rows.set(entityId, { cents: row.cents + version * cents, count: row.count + 1, version });
  }
  return rows;
}
