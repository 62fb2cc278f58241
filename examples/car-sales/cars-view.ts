/**
 * The view, twice. Version 1 writes a customer's name into the car when it is sold, and forgot that customers are renamed.
 * Version 2 listens to it.
 */
import { collection, projection } from "tidemark";
import { Car, Customer } from "./car.js";

export interface CarRow {
  readonly model: string;
  readonly colour: string;
  readonly customerId: string | null;
  readonly customerName: string | null;
}

interface CustomerRow {
  readonly name: string;
}

export const carsV1 = projection({
  name: "cars",
  version: 1,
  from: [Car, Customer],
  collections: { cars: collection<CarRow>(), customers: collection<CustomerRow>() },
  on: {
    Registered: ({ entityId, data }, { customers }) => customers.put(entityId, data),
    Created: ({ entityId, data }, { cars }) =>
      cars.put(entityId, { ...data, customerId: null, customerName: null }),
    Repainted: ({ entityId, data }, { cars }) =>
      cars.update(entityId, (car) => car && { ...car, ...data }),
    Sold: ({ entityId, data: { customerId } }, { cars, customers }) => {
      const customerName = customers.get(customerId)?.name ?? null;
      cars.update(entityId, (car) => car && { ...car, customerId, customerName });
    },
  },
});

// #region version-2
export const carsV2 = projection({
  name: "cars",
  version: 2,
  // The code of version 1 goes on serving, and following the log, until version 2 is ready; and can be gone back to.
  previous: carsV1,
  approval: true,
  from: [Car, Customer],
  collections: {
    cars: collection<CarRow>().index("byCustomer", "customerId"),
    customers: collection<CustomerRow>(),
  },
  on: {
    // #endregion
    Registered: ({ entityId, data }, { customers }) => customers.put(entityId, data),
    // #region version-2
    Renamed: ({ entityId, data }, { cars, customers }) => {
      customers.put(entityId, data);
      for (const { id, document } of cars.find("byCustomer", { equals: entityId }))
        cars.put(id, { ...document, customerName: data.name });
    },
    // #endregion
    Created: ({ entityId, data }, { cars }) =>
      cars.put(entityId, { ...data, customerId: null, customerName: null }),
    Repainted: ({ entityId, data }, { cars }) =>
      cars.update(entityId, (car) => car && { ...car, ...data }),
    Sold: ({ entityId, data: { customerId } }, { cars, customers }) => {
      const customerName = customers.get(customerId)?.name ?? null;
      cars.update(entityId, (car) => car && { ...car, customerId, customerName });
    },
    // #region version-2
  },
});
// #endregion
