/** What the view must show, folded from the whole log in plain code that shares nothing with the projection. */
import type { DataOf, Position, RecordedEvent, Runtime } from "tidemark";
import { Car, Customer, type CarEvent, type CustomerEvent } from "./car.js";
import type { CarRow } from "./cars-view.js";

export type Cars = ReadonlyMap<string, CarRow>;

interface Known {
  readonly cars: Map<string, CarRow>;
  readonly names: Map<string, string>;
  /** Cars by the customer who bought them. */
  readonly bought: Map<string, string[]>;
}

/** @param renames - Whether customers' new names reach the cars they bought before. */
export function foldCars(runtime: Runtime, renames: boolean, upTo: Position = runtime.head): Cars {
  const known: Known = { cars: new Map(), names: new Map(), bought: new Map() };
  const filter = { streamTypes: [Car.name, Customer.name] };
  for (const event of runtime.events({ upTo, filter }))
    apply(known, event as RecordedEvent<CarEvent | CustomerEvent>, renames);
  return known.cars;
}

function apply(known: Known, event: RecordedEvent<CarEvent | CustomerEvent>, renames: boolean) {
  const { cars, names, bought } = known;
  const change = (id: string, part: Partial<CarRow>) => {
    const car = cars.get(id);
    if (car !== undefined) cars.set(id, { ...car, ...part });
  };
  switch (event.type) {
    case "Created":
      cars.set(event.entityId, { ...event.data, customerId: null, customerName: null });
      break;
    case "Repainted":
      change(event.entityId, event.data);
      break;
    case "Sold":
      change(event.entityId, saleOf(event.data, names));
      bought.set(event.data.customerId, [
        ...(bought.get(event.data.customerId) ?? []),
        event.entityId,
      ]);
      break;
    case "Registered":
      names.set(event.entityId, event.data.name);
      break;
    case "Renamed":
      if (!renames) break;
      names.set(event.entityId, event.data.name);
      for (const id of bought.get(event.entityId) ?? [])
        change(id, { customerName: event.data.name });
      break;
  }
}

function saleOf({ customerId }: DataOf<CarEvent, "Sold">, names: ReadonlyMap<string, string>) {
  return { customerId, customerName: names.get(customerId) ?? null };
}
