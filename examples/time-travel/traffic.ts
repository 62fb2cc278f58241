/** What happens before anybody looks back: a month in the life of users, with a role granted by mistake and a deletion. */
import type { Runtime } from "tidemark";
import type { ManualClock } from "tidemark/testing";
import { User, type UserCommand } from "./user.js";

export const DAY_MS = 24 * 60 * 60 * 1_000;

export interface Size {
  readonly users: number;
  /** A day, of each of them. */
  readonly visits: number;
}

export const ADA = "user-0";
/** Jumps there, and lets what is due then happen. */
export async function later(clock: ManualClock, ms: number): Promise<void> {
  clock.setWall(clock.nowMs() + ms);
  await clock.advance(1_000);
}

const DAYS = 25;
const WRONG_ROLE_ON = 12;
const DELETED_ON = 20;

/** Day 12: an import makes Ada an administrator. Day 20: support deletes her, instead of a namesake. */
export async function aMonth(runtime: Runtime, clock: ManualClock, size: Size): Promise<void> {
  const all = Array.from({ length: size.users }, (_, n) => `user-${n}`);
  // Taken in the order in which they are asked.
  const tell = (userId: string, ...commands: UserCommand[]) =>
    Promise.all(commands.map((command) => runtime.ask(User, userId, command)));
  await Promise.all(
    all.map((userId, n) =>
      tell(userId, {
        type: "Register",
        data: { name: n === 0 ? "Ada" : `User ${n}`, email: `${userId}@example.org` },
      }),
    ),
  );
  for (let day = 1; day <= DAYS; day++) {
    await later(clock, DAY_MS);
    const visits = Array.from({ length: size.visits }, (_, n): UserCommand => {
      return { type: "Visit", data: { page: `/day-${day}/${n}` } };
    });
    await Promise.all(all.map((userId) => tell(userId, ...visits)));
    if (day === 5) await tell(ADA, { type: "Rename", data: { name: "Ada L." } });
    if (day === WRONG_ROLE_ON) await tell(ADA, { type: "GrantRole", data: { role: "admin" } });
    if (day === 15) await tell("user-1", { type: "GrantRole", data: { role: "editor" } });
    if (day === DELETED_ON) await tell(ADA, { type: "Delete", data: { by: "support" } });
  }
}
