/**
 * What the world sends: the same commands in every run, each with an id made of its number. Whoever was killed sends them
 * again; what is recorded already is then answered from the journal.
 */
import { createHistogram, type Histogram } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer, Runtime } from "tidemark";
import { pickAt, randomAt } from "tidemark/testing";
import { Car, Customer, type CarCommand, type CustomerCommand } from "./car.js";

type Step =
  | { readonly carId: string; readonly command: CarCommand }
  | { readonly customerId: string; readonly command: CustomerCommand };

export interface Size {
  readonly cars: number;
  readonly customers: number;
  /** Repaintings, sales and renames of the first deployment. */
  readonly changes: number;
  /** The same, while version 2 is built. */
  readonly laterChanges: number;
}

/** Which part of a script, by the numbers of its commands. */
export interface Part {
  readonly from: number;
  readonly before: number;
}

const COLOURS = ["red", "blue", "green", "white", "black", "silver", "sand"] as const;
const MODELS = ["Panda", "Kadett", "Golf", "Twingo", "Trabant"] as const;
const NAMES = ["Ada", "Bo", "Chen", "Dana", "Eve", "Finn", "Gül", "Hana", "Ivo", "Jun"] as const;
const FAMILIES = ["Abbe", "Bell", "Cray", "Diaz", "Euler", "Frey", "Gauss", "Hopper"] as const;

/** Customers, then cars, then what happens to both. */
export function stepAt(size: Size, number: number): Step {
  const customerId = `customer-${Math.floor(randomAt(1, number) * size.customers)}`;
  const carId = `car-${Math.floor(randomAt(2, number) * size.cars)}`;
  const name = `${pickAt(NAMES, 3, number)} ${pickAt(FAMILIES, 4, number)}`;
  const colour = pickAt(COLOURS, 5, number);
  if (number < size.customers)
    return { customerId: `customer-${number}`, command: { type: "Register", data: { name } } };
  if (number < size.customers + size.cars) {
    const model = pickAt(MODELS, 6, number);
    const command = { type: "Create", data: { model, colour } } as const;
    return { carId: `car-${number - size.customers}`, command };
  }
  const chance = randomAt(7, number);
  if (chance < 0.1) return { customerId, command: { type: "Rename", data: { name } } };
  if (chance < 0.5) return { carId, command: { type: "Sell", data: { customerId } } };
  return { carId, command: { type: "Repaint", data: { colour } } };
}

export function askStep(runtime: Runtime, size: Size, number: number): Promise<Answer> {
  const step = stepAt(size, number);
  const options = { commandId: `step-${number}` };
  return "carId" in step
    ? runtime.ask(Car, step.carId, step.command, options)
    : runtime.ask(Customer, step.customerId, step.command, options);
}

export interface Sent {
  /** Nanoseconds. */
  readonly latencies: Histogram;
  readonly accepted: number;
  readonly rejected: number;
}

/** Sends a part of the script in order, several on their way at a time. */
export async function send(
  runtime: Runtime,
  size: Size,
  { from, before }: Part,
  options: { readonly perSecond?: number; readonly onAnswer?: (answer: Answer) => void } = {},
): Promise<Sent> {
  const { perSecond = Infinity, onAnswer } = options;
  const startedAt = performance.now();
  const latencies = createHistogram();
  let next = from;
  let accepted = 0;
  async function sender(): Promise<void> {
    while (next < before) {
      const number = next++;
      const dueInMs = startedAt + ((number - from) / perSecond) * 1_000 - performance.now();
      if (dueInMs > 1) await sleep(dueInMs);
      const sentAt = performance.now();
      const answer = await askStep(runtime, size, number);
      latencies.record(Math.ceil((performance.now() - sentAt) * 1e6));
      if (answer.status === "accepted") accepted += 1;
      onAnswer?.(answer);
    }
  }
  // With a rate there is one sender, so that commands leave in order.
  await Promise.all(Array.from({ length: perSecond === Infinity ? 64 : 1 }, sender));
  return { latencies, accepted, rejected: before - from - accepted };
}
