/** People who sign up, several for each address, each of whom spells it in their own way. */
import type { Answer, Runtime } from "tidemark";
import { User, type UserEvent } from "./user.js";

export interface SignUp {
  readonly userId: string;
  readonly name: string;
  readonly email: string;
}

export interface Size {
  readonly people: number;
  readonly addresses: number;
}

const SPELLINGS: readonly ((address: string) => string)[] = [
  (address) => address,
  (address) => address.toUpperCase(),
  (address) => address.normalize("NFD"),
  (address) => address.replace("bücher", "xn--bcher-kva"),
];

/** Those who want one address come one after the other. */
export function signUp(n: number, { people, addresses }: Size): SignUp {
  const address = Math.floor((n * addresses) / people);
  const spelled = SPELLINGS[n % SPELLINGS.length] ?? String;
  return {
    userId: `user-${n}`,
    name: `reader-${n}`,
    email: spelled(`jörg.${address}@bücher.example`),
  };
}

export function signUps(size: Size): SignUp[] {
  return Array.from({ length: size.people }, (_, n) => signUp(n, size));
}

export type Created = Answer<UserEvent>;

/** The id of the command is that of the form: sent again after a crash, it is answered from the journal. */
export function create(runtime: Runtime, { userId, ...data }: SignUp): Promise<Created> {
  const options = { commandId: `sign-up ${userId}` };
  return runtime.ask(User, userId, { type: "Create", data }, options);
}
