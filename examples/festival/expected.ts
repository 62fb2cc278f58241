/** What is so, folded from the whole log in plain code: once as the events have it, and once as the teams have it. */
import assert from "node:assert/strict";
import type { RecordedEvent, Runtime } from "tidemark";
import type { FestivalEventEvent } from "./festival-event.js";
import { festivalView, type TeamRow } from "./festival-view.js";
import type { TeamEvent } from "./team.js";

type Event = RecordedEvent<FestivalEventEvent | TeamEvent>;

export class Festival {
  /** Names of those that aren't deleted. */
  readonly events = new Map<string, string>();
  readonly deleted = new Set<string>();
  /** By event: teams that it has admitted and not released. */
  readonly admitted = new Map<string, Set<string>>();
  /** Of those that aren't dissolved. */
  readonly teams = new Map<string, { readonly name: string; eventId: string | null }>();

  static of(runtime: Runtime): Festival {
    const festival = new Festival();
    const filter = { streamTypes: ["festival-event", "team"] };
    for (const event of runtime.events({ filter }) as Iterable<Event>) festival.#take(event);
    return festival;
  }

  #take(event: Event): void {
    const { entityId } = event;
    switch (event.type) {
      case "EventAnnounced":
        this.events.set(entityId, event.data.name);
        this.admitted.set(entityId, new Set());
        break;
      case "TeamAdmitted":
        this.admitted.get(entityId)?.add(event.data.teamId);
        break;
      case "TeamReleased":
        this.admitted.get(entityId)?.delete(event.data.teamId);
        break;
      case "EventDeleted":
        this.events.delete(entityId);
        this.admitted.delete(entityId);
        this.deleted.add(entityId);
        break;
      case "TeamFounded":
        this.teams.set(entityId, { name: event.data.name, eventId: null });
        break;
      case "TeamSettled":
        (this.teams.get(entityId) as { eventId: string | null }).eventId = event.data.eventId;
        break;
      case "TeamDissolved":
        this.teams.delete(entityId);
        break;
      case "JoinAsked":
      case "JoinRefused":
    }
  }

  /** Teams whose event is gone, and who are still there. */
  orphans(): number {
    let count = 0;
    for (const { eventId } of this.teams.values())
      if (eventId !== null && this.deleted.has(eventId)) count += 1;
    return count;
  }

  /** Each event has exactly the teams that belong to it, each team an event that there is. */
  checkBothWays(): void {
    const members = new Map<string, Set<string>>();
    for (const eventId of this.events.keys()) members.set(eventId, new Set());
    for (const [teamId, { eventId }] of this.teams) {
      const event = members.get(eventId ?? "");
      assert(
        event !== undefined,
        `${teamId} belongs to ${eventId ?? "no event"}, which isn't there`,
      );
      event.add(teamId);
    }
    assert.deepEqual(this.admitted, members);
  }
}

/** The view shows what the log says; and both sides of the log say the same. */
export async function checkConsistent(runtime: Runtime, timeoutMs = 600_000): Promise<Festival> {
  const festival = Festival.of(runtime);
  festival.checkBothWays();
  const rows = new Map<string, TeamRow>();
  const reading = { fresh: true, timeoutMs } as const;
  for await (const { id, document } of runtime.view(festivalView, "teams").all(reading))
    rows.set(id, document);
  assert.equal(rows.size, festival.teams.size);
  for (const [teamId, { name, eventId }] of festival.teams) {
    const eventName = festival.events.get(eventId ?? "");
    assert.deepEqual(rows.get(teamId), { name, eventId, eventName });
  }
  assert.equal(await runtime.view(festivalView, "events").count(), festival.events.size);
  return festival;
}
