/** What members do, and how their branches report it: the same each time, found from the number of the member alone. */
import { pickAt, randomAt } from "tidemark/testing";
import type { Change, Report } from "./branch.js";
import { DAY_MS } from "./library-rules.js";

export interface Traffic {
  readonly members: number;
  readonly branches: number;
}

/** Days on which members join; each has so many days to live their story. */
export const JOINING_DAYS = 120;
const STORY_DAYS = 60;
/** Then the rules change, and the rest of the days come. */
export const DAYS_BEFORE_CHANGE = 140;
export const DAYS = 180;

const SEED = 2026;
const BEGIN_MS = Date.UTC(2025, 0, 6);
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
export const LOAN_MS = 28 * DAY_MS;
const BOOKS = 100_003;
/** Numbers that a story may ask for. */
const PLACES = 128;

type Person = "ordinary" | "busy" | "forgetful" | "staff";
const PEOPLE: [Person, ...Person[]] = [
  "busy",
  "staff",
  ...Array<Person>(5).fill("forgetful"),
  ...Array<Person>(33).fill("ordinary"),
];

/** How often they come, at least, and how much more at the most. */
const VISITS: Readonly<Record<Person, readonly [number, number]>> = {
  ordinary: [1, 3],
  forgetful: [1, 4],
  busy: [14, 14],
  staff: [5, 3],
};

/** How long until they come again. */
const PAUSES: Readonly<Record<Person, [number, ...number[]]>> = {
  ordinary: [4 * MINUTE_MS, 5 * HOUR_MS, DAY_MS, 3 * DAY_MS, 9 * DAY_MS],
  busy: [2 * MINUTE_MS, 4 * MINUTE_MS, 3 * HOUR_MS, 8 * HOUR_MS],
  forgetful: [DAY_MS, 9 * DAY_MS, 16 * DAY_MS, 31 * DAY_MS],
  staff: [HOUR_MS, 2 * DAY_MS, 8 * DAY_MS],
};

export function memberOf(n: number): string {
  return `member-${String(n).padStart(7, "0")}`;
}

export function numberOf(member: string): number {
  return Number(member.slice("member-".length));
}

/** On which day, from 1, a moment is. */
export function dayOf(atMs: number): number {
  return Math.floor((atMs - BEGIN_MS) / DAY_MS) + 1;
}

export function endOfDay(day: number): number {
  return BEGIN_MS + day * DAY_MS;
}

function joinsOn({ members }: Traffic, n: number): number {
  return 1 + Math.floor((n / members) * JOINING_DAYS);
}

/** Everything that a member does, in order of time. */
export function storyOf(traffic: Traffic, n: number): Change[] {
  const story = new Story(n);
  const joinsAtMs = endOfDay(joinsOn(traffic, n) - 1);
  story.atMs = joinsAtMs + Math.floor(story.random() * 12 * 3_600) * SECOND_MS;
  const person = pickAt(PEOPLE, SEED, n);
  if (person === "staff") story.joinStaff();
  const [least, more] = VISITS[person];
  const visits = least + story.below(more);
  for (let visit = 0; visit < visits; visit++) {
    story.visit();
    const pauses = PAUSES[person];
    story.pause(pauses[story.below(pauses.length)] ?? pauses[0]);
  }
  if (person !== "forgetful") story.giveBackAll();
  return story.changes.filter(({ data }) => data.atMs < joinsAtMs + STORY_DAYS * DAY_MS);
}

class Story {
  readonly changes: Change[] = [];
  readonly #n: number;
  readonly #held: string[] = [];
  #place = 0;
  #books = 0;
  atMs = 0;

  constructor(n: number) {
    this.#n = n;
  }

  random(): number {
    return randomAt(SEED + 1, this.#n * PLACES + this.#place++);
  }

  below(count: number): number {
    return Math.floor(this.random() * count);
  }

  /** About so long. */
  pause(ms: number): void {
    this.atMs +=
      Math.max(1, Math.floor((ms * (0.7 + this.random() * 0.6)) / SECOND_MS)) * SECOND_MS;
  }

  joinStaff(): void {
    this.changes.push({
      type: "StaffJoined",
      data: { member: memberOf(this.#n), atMs: this.atMs },
    });
    this.pause(MINUTE_MS);
  }

  /** Most of the time as it should be: a book is taken, or brought back. */
  visit(): void {
    const what = this.random();
    const one = this.#held[this.below(Math.max(1, this.#held.length))];
    if (one === undefined || what < 0.5) this.#lend(this.#newBook());
    else if (what < 0.9) this.#giveBack(one);
    else if (what < 0.95) this.#lend(one);
    else this.#giveBack(this.#newBook());
  }

  /** Most of the time. */
  giveBackAll(): void {
    for (const book of [...this.#held]) {
      this.pause(HOUR_MS);
      if (this.random() < 0.95) this.#returned(book);
    }
  }

  /** Some take it again, some of them when nobody has looked at it. */
  #giveBack(book: string): void {
    this.#returned(book);
    if (this.random() < 0.85) return;
    this.pause(MINUTE_MS);
    if (this.random() < 0.4) {
      const member = memberOf(this.#n);
      this.changes.push({ type: "Checked", data: { member, atMs: this.atMs } });
      this.pause(MINUTE_MS);
    }
    this.pause(3 * MINUTE_MS);
    this.#lend(book);
  }

  #returned(book: string): void {
    const at = this.#held.indexOf(book);
    if (at >= 0) this.#held.splice(at, 1);
    const data = { member: memberOf(this.#n), book, atMs: this.atMs };
    this.changes.push({ type: "Returned", data });
  }

  #lend(book: string): void {
    if (!this.#held.includes(book)) this.#held.push(book);
    const { atMs } = this;
    const data = { member: memberOf(this.#n), book, atMs, dueAtMs: atMs + LOAN_MS };
    this.changes.push({ type: "Lent", data });
  }

  #newBook(): string {
    return `book-${(this.#n * 31 + this.#books++) % BOOKS}`;
  }
}

/** What every branch reports, day by day. */
export class Days {
  readonly #traffic: Traffic;
  /** Changes of days to come, by day, of the members who have joined. */
  readonly #coming = new Map<number, Change[]>();
  #joined = 0;
  #day = 0;

  constructor(traffic: Traffic) {
    this.#traffic = traffic;
  }

  /** Members who have joined so far. */
  get joined(): number {
    return this.#joined;
  }

  /** The next day's reports: one of each branch. Of a day all that a member does is done at one branch, in order. */
  next(): readonly (readonly [branch: string, report: Report])[] {
    const day = ++this.#day;
    const { members, branches } = this.#traffic;
    for (; this.#joined < members && joinsOn(this.#traffic, this.#joined) <= day; this.#joined++)
      this.#comes(storyOf(this.#traffic, this.#joined));
    const changes = this.#coming.get(day) ?? [];
    this.#coming.delete(day);
    const byBranch = Array.from({ length: branches }, (): Change[] => []);
    for (const change of changes)
      byBranch[(numberOf(change.data.member) + day) % branches]?.push(change);
    return byBranch.map((ofBranch, branch) => {
      ofBranch.sort((a, b) => a.data.atMs - b.data.atMs);
      const data = { day, closesAtMs: endOfDay(day), changes: ofBranch };
      return [`branch-${branch}`, { type: "Report", data }] as const;
    });
  }

  #comes(story: readonly Change[]): void {
    for (const change of story) {
      const day = dayOf(change.data.atMs);
      const ofDay = this.#coming.get(day);
      if (ofDay === undefined) this.#coming.set(day, [change]);
      else ofDay.push(change);
    }
  }
}
