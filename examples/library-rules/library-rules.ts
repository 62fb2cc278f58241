/** What a library watches for. Branches lend as they like; the rules see what a member does at all of them together. */
import { fact, rule, ruleSet, sequence, signal, slidingWindow, type RuleSet } from "tidemark";
import { Branch, type Change } from "./branch.js";
import { Reminders } from "./reminders.js";

const MINUTE_MS = 60_000;
export const DAY_MS = 24 * 60 * MINUTE_MS;
/** Branches report at the end of the day: what one did in the morning may come behind what another did in the evening. */
export const LATENESS_MS = 1 * DAY_MS;
export const SUSPENDED_AFTER_MS = 14 * DAY_MS;
export const ASLEEP_AFTER_MS = 90 * DAY_MS;
export const WEEK_MS = 7 * DAY_MS;
export const LOANS_A_WEEK_MAX = 10;
export const TAKEN_AGAIN_WITHIN_MS = 5 * MINUTE_MS;

// #region alerts
export type LibraryAlert =
  | { type: "TooManyBooks"; data: { books: readonly string[] } }
  | { type: "LentTwice"; data: { book: string } }
  | { type: "NotHeld"; data: { book: string } }
  | { type: "Overdue"; data: { book: string; dueAtMs: number } }
  | { type: "LentToBlocked"; data: { book: string } }
  | { type: "Suspended"; data: { book: string } }
  | { type: "HeavyUse"; data: { loans: number } }
  | { type: "TakenAgain"; data: { book: string } }
  | { type: "Asleep"; data: { lastSeenAtMs: number } };
// #endregion

// #region facts
const Staff = fact("staff");
const Loan = fact<{ book: string; dueAtMs: number }>("loan");
const Visit = fact<{ atMs: number }>("visit");
/** Concluded: there as long as a book is overdue. */
const Blocked = fact<{ book: string }>("blocked");

const LentNow = signal<{ book: string }>("lent-now");
const LentTwice = signal<{ book: string }>("lent-twice");
const NotHeld = signal<{ book: string }>("not-held");
// #endregion

// #region patterns
const LoansAWeek = slidingWindow("loans-a-week", { sizeMs: WEEK_MS });
const TakenAgain = sequence<Change>("taken-again", {
  steps: [
    "Returned",
    {
      type: "Lent",
      where: ({ data }, [returned]) =>
        returned?.type === "Returned" && returned.data.book === data.book,
    },
  ],
  withinMs: TAKEN_AGAIN_WITHIN_MS,
  without: ["Checked"],
  overlap: "each",
});
// #endregion

// #region too-many
const tooManyBooks = (booksMax: number) =>
  rule<LibraryAlert>("too-many-books")
    .without(Staff)
    .collect("loans", Loan, { having: (loans) => loans.length > booksMax })
    .then(({ loans }, act) => {
      act.alert({ type: "TooManyBooks", data: { books: loans.map(({ book }) => book) } });
    });
// #endregion

// #region signals
const lentTwice = rule<LibraryAlert>("lent-twice")
  .when("lent", LentTwice)
  .when("loan", Loan, { id: ({ lent }) => lent.book })
  .then(({ lent }, act) => {
    act.alert({ type: "LentTwice", data: lent });
  });

const notHeld = rule<LibraryAlert>("not-held")
  .when("returned", NotHeld)
  .then(({ returned }, act) => {
    act.alert({ type: "NotHeld", data: returned });
  });
// #endregion

// #region overdue
const overdue = rule<LibraryAlert>("overdue")
  .when("loan", Loan)
  .dueAt(({ loan }) => loan.dueAtMs)
  .then(({ loan }, act) => {
    act.alert({ type: "Overdue", data: loan });
    act.conclude(Blocked, "", { book: loan.book });
    act.send(Reminders, act.sessionId, { type: "Remind", data: loan });
  });

const lentToBlocked = rule<LibraryAlert>("lent-to-blocked")
  .when("lent", LentNow)
  .when("blocked", Blocked)
  .then(({ lent }, act) => {
    act.alert({ type: "LentToBlocked", data: lent });
  });

const suspended = rule<LibraryAlert>("suspended")
  .when("blocked", Blocked)
  .lasting(SUSPENDED_AFTER_MS)
  .then(({ blocked }, act) => {
    act.alert({ type: "Suspended", data: blocked });
  });
// #endregion

// #region time
const heavyUse = rule<LibraryAlert>("heavy-use")
  .when("week", LoansAWeek, ({ count }) => count > LOANS_A_WEEK_MAX)
  .then(({ week }, act) => {
    act.alert({ type: "HeavyUse", data: { loans: week.count } });
  });

const takenAgain = rule<LibraryAlert>("taken-again")
  .when("again", TakenAgain)
  .then(({ again }, act) => {
    const [, lent] = again.events;
    if (lent?.type === "Lent") act.alert({ type: "TakenAgain", data: { book: lent.data.book } });
  });

const asleep = rule<LibraryAlert>("asleep")
  .when("visit", Visit)
  .dueAt(({ visit }) => visit.atMs + ASLEEP_AFTER_MS)
  .refireOn(({ visit }) => visit.atMs)
  .then(({ visit }, act) => {
    act.alert({ type: "Asleep", data: { lastSeenAtMs: visit.atMs } });
  });
// #endregion

export type LibraryRules = RuleSet<LibraryAlert>;

function libraryRules(version: number, booksMax: number, previous?: LibraryRules): LibraryRules {
  // #region rule-set
  return ruleSet({
    name: "library-rules",
    version,
    from: [Branch],
    // A day that is over is about no member: it only says what time it is.
    key: (event) => (event.type === "DayClosed" ? undefined : event.data.member),
    time: (event) => event.data.atMs,
    latenessMs: LATENESS_MS,
    facts: [Staff, Loan, Visit, Blocked, LentNow, LentTwice, NotHeld, LoansAWeek, TakenAgain],
    on: {
      StaffJoined: (_event, memory) => {
        memory.insert(Staff, "", {});
      },
      Lent: ({ data: { book, atMs, dueAtMs } }, memory) => {
        if (memory.get(Loan, book) === undefined) memory.insert(Loan, book, { book, dueAtMs });
        else memory.signal(LentTwice, { book });
        memory.signal(LentNow, { book });
        memory.add(LoansAWeek);
        memory.insert(Visit, "", { atMs });
      },
      Returned: ({ data: { book, atMs } }, memory) => {
        if (!memory.retract(Loan, book)) memory.signal(NotHeld, { book });
        memory.insert(Visit, "", { atMs });
      },
      DayClosed: () => undefined,
    },
    rules: [
      tooManyBooks(booksMax),
      lentTwice,
      notHeld,
      overdue,
      lentToBlocked,
      suspended,
      heavyUse,
      takenAgain,
      asleep,
    ],
    targets: [Reminders],
    start: "beginning",
    ...(previous === undefined ? {} : { previous }),
  });
  // #endregion
}

// #region versions
export const LibraryRulesV1 = libraryRules(1, 3);
/** Members may hold a book more. */
export const LibraryRulesV2 = libraryRules(2, 4, LibraryRulesV1);
// #endregion
