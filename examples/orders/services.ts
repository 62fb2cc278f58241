/** The three services: what each has. They share nothing but the definitions of what they send to each other. */
import { openRuntime, type Runtime, type RuntimeOptions } from "tidemark";
import { nats } from "tidemark/nats";
import { OrderSaga, Payments } from "./order-saga.js";
import { Order, Registration } from "./order.js";
import { Payment } from "./payment.js";
import { SeatsAvailability } from "./seats.js";

export const PREFIX = "conference";

export const services = {
  orders: { aggregates: [Order, Registration], sagas: [OrderSaga], remotes: [Payments] },
  seats: { aggregates: [SeatsAvailability] },
  payments: { aggregates: [Payment] },
} satisfies Record<string, RuntimeOptions>;

export type ServiceName = keyof typeof services;

/** @param server - Host and port of the NATS server. */
export function openService(
  name: ServiceName,
  directory: string,
  server: string,
): Promise<Runtime> {
  const messaging = nats({ servers: [server], prefix: PREFIX });
  return openRuntime({ directory, messaging, ...services[name] });
}
