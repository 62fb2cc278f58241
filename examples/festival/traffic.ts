/** What happens at the festival: it is set up, and then events are deleted while teams come, go and move. */
import type { Answer, Runtime } from "tidemark";
import { pickAt, randomAt } from "tidemark/testing";
import { FestivalEvent } from "./festival-event.js";
import { Team } from "./team.js";

export interface Size {
  readonly events: number;
  /** At each event. */
  readonly teams: number;
}

const KINDS = ["Relay", "Tug of war", "Raft race", "Quiz", "Orienteering", "Chess"] as const;
const NAMES = ["Otters", "Comets", "Pines", "Foxes", "Lanterns", "Herons", "Bolts"] as const;
const IN_FLIGHT = 256;

const eventId = (n: number) => `event-${n}`;
const teamId = (n: number) => `team-${n}`;

export async function setUp(runtime: Runtime, { events, teams }: Size): Promise<void> {
  await each(events, (n) => {
    const data = { name: `${pickAt(KINDS, 1, n)} ${n}` };
    return runtime.ask(FestivalEvent, eventId(n), { type: "Announce", data });
  });
  await each(events * teams, (n) => found(runtime, n, Math.floor(n / teams)));
}

function found(runtime: Runtime, team: number, event: number): Promise<Answer> {
  const data = { name: `${pickAt(NAMES, 2, team)} ${team}`, eventId: eventId(event) };
  return runtime.ask(Team, teamId(team), { type: "Found", data });
}

/**
 * Every second event is deleted; at the same time a team leaves it for another, one comes from another, one is founded there and
 * one is dissolved: in an order that differs from event to event, all at once or one behind the answer to the other. Asked again
 * after a crash, it goes on with what is left.
 */
export async function deleteAmidMoves(runtime: Runtime, size: Size): Promise<void> {
  const { events, teams } = size;
  await each(Math.floor(events / 2), async (n) => {
    const gone = n * 2;
    const other = Math.floor(randomAt(3, n) * events);
    const kept = (gone + 1) % events;
    const actions = [
      () => runtime.ask(FestivalEvent, eventId(gone), { type: "Delete" }),
      () => move(runtime, gone * teams, other),
      () => move(runtime, gone * teams + 1, kept),
      () => move(runtime, kept * teams, gone),
      () => found(runtime, events * teams + n, gone),
      () => runtime.ask(Team, teamId(gone * teams + 2), { type: "Dissolve" }),
    ];
    const first = Math.floor(randomAt(4, n) * actions.length);
    const inOrder = [...actions.slice(first), ...actions.slice(0, first)];
    if (n % 2 === 0) await Promise.all(inOrder.map((action) => action()));
    else for (const action of inOrder) await action();
  });
}

function move(runtime: Runtime, team: number, event: number): Promise<Answer> {
  return runtime.ask(Team, teamId(team), { type: "Move", data: { eventId: eventId(event) } });
}

async function each(count: number, work: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}
