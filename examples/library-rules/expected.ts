/**
 * The alerts that there have to be: a plain fold of what each member did, with nothing of the rules but their numbers. It knows a
 * member's state at every moment at which something happens: of an event, or when something is due.
 */
import type { Change } from "./branch.js";
import {
  ASLEEP_AFTER_MS,
  LOANS_A_WEEK_MAX,
  SUSPENDED_AFTER_MS,
  TAKEN_AGAIN_WITHIN_MS,
  WEEK_MS,
  type LibraryAlert,
} from "./library-rules.js";

/** An alert, the rule that raises it, and the changes that are why. */
export interface ExpectedAlert {
  readonly rule: string;
  readonly atMs: number;
  readonly alert: LibraryAlert;
  readonly because: readonly Change[];
}

interface HeldLoan {
  readonly lent: Change;
  readonly book: string;
  readonly dueAtMs: number;
  isOverdue: boolean;
}

interface Due {
  readonly atMs: number;
  readonly happen: () => void;
}

/**
 * @param booksMax - That a member may hold.
 * @param upToMs - What is due before happens.
 */
export function alertsOf(
  story: readonly Change[],
  booksMax: number,
  upToMs: number,
): readonly ExpectedAlert[] {
  const member = new Member(booksMax);
  for (const change of story) {
    member.passTime(change.data.atMs);
    member.take(change);
  }
  member.passTime(upToMs);
  return member.alerts;
}

/** The books that a member holds at the end of it, in the order in which they were taken. */
export function booksHeld(story: readonly Change[]): readonly string[] {
  const member = new Member(Infinity);
  for (const change of story) member.take(change);
  return member.books;
}

class Member {
  readonly alerts: ExpectedAlert[] = [];
  readonly #booksMax: number;
  readonly #loans = new Map<string, HeldLoan>();
  /** Of overdue books, the latest last. */
  #overdue: HeldLoan[] = [];
  #blockedSinceMs = 0;
  #isSuspended = false;
  #isStaff = false;
  #hasTooMany = false;
  #usesHeavily = false;
  #week: Change[] = [];
  #returns: Change[] = [];
  #visit: Change | undefined;

  constructor(booksMax: number) {
    this.#booksMax = booksMax;
  }

  get books(): readonly string[] {
    return [...this.#loans.keys()];
  }

  passTime(beforeMs: number): void {
    for (let due = this.#firstDue(); due !== undefined; due = this.#firstDue()) {
      if (due.atMs >= beforeMs) return;
      due.happen();
      this.#look(due.atMs);
    }
  }

  take(change: Change): void {
    switch (change.type) {
      case "StaffJoined":
        this.#isStaff = true;
        break;
      case "Checked":
        this.#returns = [];
        break;
      case "Lent":
        this.#lend(change);
        break;
      case "Returned":
        this.#giveBack(change);
    }
    this.#look(change.data.atMs);
  }

  #lend(change: Extract<Change, { type: "Lent" }>): void {
    const { book, atMs, dueAtMs } = change.data;
    const loan = this.#loans.get(book);
    if (loan === undefined)
      this.#loans.set(book, { lent: change, book, dueAtMs, isOverdue: false });
    else this.#alert("lent-twice", atMs, { type: "LentTwice", data: { book } }, change, loan.lent);
    const blocking = this.#overdue.at(-1);
    if (blocking !== undefined) {
      const alert = { type: "LentToBlocked", data: { book } } as const;
      this.#alert("lent-to-blocked", atMs, alert, change, blocking.lent);
    }
    const isOf = ({ data }: Change) => "book" in data && data.book === book;
    for (const returned of this.#returns.filter(isOf)) {
      if (atMs - returned.data.atMs > TAKEN_AGAIN_WITHIN_MS) continue;
      const alert = { type: "TakenAgain", data: { book } } as const;
      this.#alert("taken-again", atMs, alert, returned, change);
    }
    this.#returns = this.#returns.filter((returned) => !isOf(returned));
    this.#week.push(change);
    this.#visit = change;
  }

  #giveBack(change: Extract<Change, { type: "Returned" }>): void {
    const { book, atMs } = change.data;
    if (!this.#loans.delete(book))
      this.#alert("not-held", atMs, { type: "NotHeld", data: { book } }, change);
    this.#overdue = this.#overdue.filter((loan) => loan.book !== book);
    if (this.#overdue.length === 0) this.#isSuspended = false;
    this.#returns.push(change);
    this.#visit = change;
  }

  /** What holds at this moment, and didn't at the one before. */
  #look(atMs: number): void {
    const loans = [...this.#loans.values()];
    const hasTooMany = !this.#isStaff && loans.length > this.#booksMax;
    if (hasTooMany && !this.#hasTooMany) {
      const alert = { type: "TooManyBooks", data: { books: this.books } } as const;
      this.#alert("too-many-books", atMs, alert, ...loans.map(({ lent }) => lent));
    }
    this.#hasTooMany = hasTooMany;
    this.#week = this.#week.filter(({ data }) => data.atMs > atMs - WEEK_MS);
    const usesHeavily = this.#week.length > LOANS_A_WEEK_MAX;
    if (usesHeavily && !this.#usesHeavily) {
      const alert = { type: "HeavyUse", data: { loans: this.#week.length } } as const;
      this.#alert("heavy-use", atMs, alert, ...this.#week);
    }
    this.#usesHeavily = usesHeavily;
  }

  #firstDue(): Due | undefined {
    const dues: Due[] = [];
    for (const loan of this.#loans.values())
      if (!loan.isOverdue)
        dues.push({ atMs: loan.dueAtMs, happen: () => this.#becomesOverdue(loan) });
    const blocking = this.#overdue.at(-1);
    if (blocking !== undefined && !this.#isSuspended) {
      const atMs = this.#blockedSinceMs + SUSPENDED_AFTER_MS;
      dues.push({ atMs, happen: () => this.#suspend(atMs, blocking) });
    }
    const visit = this.#visit;
    if (visit !== undefined) {
      const atMs = visit.data.atMs + ASLEEP_AFTER_MS;
      dues.push({ atMs, happen: () => this.#fallAsleep(atMs, visit) });
    }
    return dues.sort((a, b) => a.atMs - b.atMs)[0];
  }

  #becomesOverdue(loan: HeldLoan): void {
    const { book, dueAtMs, lent } = loan;
    loan.isOverdue = true;
    if (this.#overdue.length === 0) this.#blockedSinceMs = dueAtMs;
    this.#overdue.push(loan);
    this.#alert("overdue", dueAtMs, { type: "Overdue", data: { book, dueAtMs } }, lent);
  }

  #suspend(atMs: number, { book, lent }: HeldLoan): void {
    this.#isSuspended = true;
    this.#alert("suspended", atMs, { type: "Suspended", data: { book } }, lent);
  }

  #fallAsleep(atMs: number, visit: Change): void {
    this.#visit = undefined;
    const data = { lastSeenAtMs: visit.data.atMs };
    this.#alert("asleep", atMs, { type: "Asleep", data }, visit);
  }

  #alert(rule: string, atMs: number, alert: LibraryAlert, ...because: readonly Change[]): void {
    this.alerts.push({ rule, atMs, alert, because });
  }
}
