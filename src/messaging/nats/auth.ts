/**
 * How a runtime shows who it is. What is given is kept in closures only: neither the transport, nor a status, nor an error
 * holds it, so nothing that is printed can.
 */
import { readFileSync } from "node:fs";
import { credsAuthenticator, nkeyAuthenticator, nkeys, type Authenticator } from "nats";
import { InvalidArgumentError } from "../../kernel/errors.js";

/** One of the ways a server knows its users. A `credsFile` is read anew for every connection, so it may be exchanged. */
export type NatsAuth =
  | { readonly token: string }
  | { readonly user: string; readonly password: string }
  | { readonly nkeySeed: string }
  | { readonly credsFile: string }
  | { readonly creds: string };

const FORMS = "one of { token }, { user, password }, { nkeySeed }, { credsFile }, { creds }";
const CREDS = /-----BEGIN NATS USER JWT-----[\s\S]+-----BEGIN USER NKEY SEED-----/;

/** @throws InvalidArgumentError - Not one of {@link NatsAuth}, or what it holds can't be used. Never says what was given. */
export function authenticatorOf(auth: NatsAuth): Authenticator {
  const given = auth as unknown as Record<string, unknown> | null;
  if (typeof given !== "object" || given === null) throw refused("auth", FORMS);
  const names = Object.keys(given).sort().join();
  for (const name of Object.keys(given))
    if (typeof given[name] !== "string" || given[name] === "")
      throw refused(`auth.${name}`, "text, not empty");
  const text = (name: string) => given[name] as string;
  if (names === "token") {
    const token = text("token");
    return () => ({ auth_token: token });
  }
  if (names === "password,user") {
    const [user, pass] = [text("user"), text("password")];
    return () => ({ user, pass });
  }
  if (names === "nkeySeed") return nkeyAuthenticator(checkedSeed(text("nkeySeed")));
  if (names === "creds") return credsAuthenticator(checkedCreds(text("creds")));
  if (names === "credsFile") {
    const path = text("credsFile");
    return (nonce) => credsAuthenticator(checkedCreds(readFileSync(path, "utf8")))(nonce);
  }
  throw refused("auth", FORMS);
}

/** The client leaves it untyped. */
interface KeyPairs {
  fromSeed(seed: Uint8Array): { getPublicKey(): string };
}

function checkedSeed(seed: string): Uint8Array {
  const bytes = new TextEncoder().encode(seed.trim());
  try {
    (nkeys as KeyPairs).fromSeed(bytes).getPublicKey();
  } catch {
    // The cause is left out: it may show the seed.
    throw refused("auth.nkeySeed", "the seed of a user nkey (it begins with SU)");
  }
  return bytes;
}

function checkedCreds(creds: string): Uint8Array {
  if (!CREDS.test(creds))
    throw refused("auth.creds", "the text of a creds file, with a user JWT and an nkey seed");
  return new TextEncoder().encode(creds);
}

function refused(argument: string, expected: string): InvalidArgumentError {
  return new InvalidArgumentError(argument, expected, "(not shown)");
}
