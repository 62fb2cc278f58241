/** The same in plain code: the log folded from its first event, without snapshots, views or anything else of the library. */
import type { RecordedEvent, Runtime } from "tidemark";
import type { Profile, UserEvent } from "./user.js";

type Recorded = RecordedEvent<UserEvent>;

/** @param until - Says of an event whether it had happened. */
export function profilesBy(
  runtime: Runtime,
  until: (event: RecordedEvent) => boolean,
): Map<string, Profile> {
  const profiles = new Map<string, Profile>();
  const events = runtime.events({ filter: { streamTypes: ["user"] } }) as Iterable<Recorded>;
  for (const event of events) {
    if (!until(event)) break;
    const after = profileAfter(profiles.get(event.entityId), event);
    if (after === undefined) profiles.delete(event.entityId);
    else profiles.set(event.entityId, after);
  }
  return profiles;
}

function profileAfter(before: Profile | undefined, { type, data }: Recorded): Profile | undefined {
  switch (type) {
    case "UserRegistered":
      return { ...data, roles: [] };
    case "UserRestored":
      return data.profile;
    case "UserDeleted":
      return undefined;
    case "UserRenamed":
      return before && { ...before, name: data.name };
    case "RoleGranted":
      return before && { ...before, roles: [...before.roles, data.role] };
    case "RoleRevoked":
      return before && { ...before, roles: before.roles.filter((role) => role !== data.role) };
    case "PageVisited":
    case "UserPurged":
      return before;
  }
}
