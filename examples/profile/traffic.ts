/** The forms that people send, each made from its number alone. */
import type { Runtime } from "tidemark";
import { pickAt, randomAt } from "tidemark/testing";
import { Person, type Profile } from "./person.js";

/** What a person's form has when it is sent for so many times. */
export function profileAt(person: number, change: number): Profile {
  const number = person * 1_000 + change;
  const name = pickAt(["Ada", "Bo", "Chen", "Dana", "Eve", "Finn"], 1, number);
  const city = pickAt(["Bonn", "Essen", "Kiel", "Mainz", "Ulm"], 2, number);
  const digits = (seed: number, below: number) =>
    String(1 + Math.floor(randomAt(seed, person) * below)).padStart(2, "0");
  return {
    name: `${name} ${person}`,
    // Everybody gives it once, and some correct it once.
    birthDate: `19${10 + (person % 90)}-${digits(3, 12)}-${digits(4, change > 25 ? 28 : 27)}`,
    email: `${name.toLowerCase()}-${change % 3}@example.org`,
    phone: `0${Math.floor(randomAt(5, number) * 1e9)}`,
    city,
  };
}

/** Sends so many forms, many at a time, of one person in turn after the other. */
export async function fill(runtime: Runtime, updates: number, people: number): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < updates) {
      const number = next++;
      const person = number % people;
      const data = profileAt(person, Math.floor(number / people));
      await runtime.ask(Person, `person-${person}`, { type: "UpdateProfile", data });
    }
  };
  await Promise.all(Array.from({ length: 256 }, worker));
}
