/** What the log says, folded in plain code: who has which address and user name, and that nobody shares one. */
import assert from "node:assert/strict";
import type { RecordedEvent, Runtime } from "tidemark";
import type { UserEvent } from "./user.js";

export interface Holders {
  /** Ids of users by key. */
  readonly emails: ReadonlyMap<string, string>;
  readonly names: ReadonlyMap<string, string>;
}

/** @throws AssertionError - Two users have one address or one name, or the claims aren't what the log says. */
export function checkHolders(runtime: Runtime): Holders {
  const emails = new Map<string, string>();
  const names = new Map<string, string>();
  const keys = new Map<string, { email?: string; name?: string }>();
  const take = (held: Map<string, string>, userId: string, key: string, before?: string) => {
    if (before !== undefined) held.delete(before);
    assert(!held.has(key), `${userId} and ${held.get(key) ?? ""} share ${key}`);
    held.set(key, userId);
  };
  const events = runtime.events({ filter: { streamTypes: ["user"] } });
  for (const event of events as Iterable<RecordedEvent<UserEvent>>) {
    const { entityId, type, data } = event;
    const own = keys.get(entityId) ?? {};
    keys.set(entityId, own);
    if (type === "UserClosed") {
      emails.delete(own.email ?? "");
      names.delete(own.name ?? "");
    } else if (type === "EmailReserved") {
      // Reserved ones may have expired; that somebody else took them then is no conflict.
      continue;
    } else {
      if ("email" in data) {
        take(emails, entityId, data.email.key, own.email);
        own.email = data.email.key;
      }
      if ("name" in data) {
        take(names, entityId, data.name.key, own.name);
        own.name = data.name.key;
      }
    }
  }
  for (const [key, userId] of emails)
    assert.equal(runtime.findClaim("email", key)?.entityId, userId, key);
  for (const [key, userId] of names)
    assert.equal(runtime.findClaim("user-name", key)?.entityId, userId, key);
  return { emails, names };
}
