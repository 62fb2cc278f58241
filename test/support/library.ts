/** A small world for tests of rules: a shelf whose events rules watch, and a desk that takes commands. */
import {
  aggregate,
  fact,
  rule,
  ruleSet,
  signal,
  type RecordedEvent,
  type RuleSet,
} from "../../src/index.js";

export interface ShelfEvent {
  readonly type: "Taken" | "Returned" | "Noted";
  readonly data: { readonly book: string; readonly atMs: number };
}

export interface ShelfCommand {
  readonly type: "Take" | "Return" | "Note";
  readonly data: { readonly book: string; readonly atMs: number };
}

/** Records what it is told. */
export const Shelf = aggregate<{ readonly count: number }, ShelfCommand, ShelfEvent>({
  name: "shelf",
  initialState: () => ({ count: 0 }),
  decide: {
    Take: (_state, data) => ({ type: "Taken", data }),
    Return: (_state, data) => ({ type: "Returned", data }),
    Note: (_state, data) => ({ type: "Noted", data }),
  },
  evolve: {
    Taken: ({ count }) => ({ count: count + 1 }),
    Returned: ({ count }) => ({ count: count - 1 }),
    Noted: (state) => state,
  },
});

export interface Call {
  readonly type: "Call";
  readonly data: { readonly about: string };
}

export interface Called {
  readonly type: "Called";
  readonly data: { readonly about: string };
}

/** Calls a member; refuses to call about nothing. */
export const Desk = aggregate<{ readonly calls: number }, Call, Called>({
  name: "desk",
  initialState: () => ({ calls: 0 }),
  decide: { Call: (_state, data) => ({ type: "Called", data }) },
  evolve: { Called: ({ calls }) => ({ calls: calls + 1 }) },
});

export type LibraryAlert =
  | { type: "TooMany"; data: { books: readonly string[] } }
  | { type: "Overdue"; data: { book: string } }
  | { type: "Unknown"; data: { book: string } };

export const Loan = fact<{ book: string }>("loan");
export const Stray = signal<{ book: string }>("stray");

export const DAY_MS = 86_400_000;

export interface LibraryOptions {
  readonly version?: number;
  /** Books that may be held. */
  readonly booksMax?: number;
  readonly onChange?: "rebuild" | "carry-over";
  readonly previous?: RuleSet;
  /** Time goes by the events. */
  readonly byEvents?: boolean;
  readonly latenessMs?: number;
  readonly calls?: boolean;
}

const timeOf = ({ data }: RecordedEvent<ShelfEvent>) => data.atMs;

/** Too many books at a time, a book for longer than thirty days, a return of what nobody has. */
export function libraryRules({
  version = 1,
  booksMax = 3,
  onChange = "rebuild",
  previous,
  byEvents = false,
  latenessMs = 0,
  calls = false,
}: LibraryOptions = {}) {
  return ruleSet({
    name: "library",
    version,
    from: [Shelf],
    facts: [Loan, Stray],
    onChange,
    latenessMs,
    ...(previous === undefined ? {} : { previous }),
    ...(byEvents ? { time: timeOf } : {}),
    targets: [Desk],
    start: "beginning",
    on: {
      Taken: ({ data }, memory) => memory.insert(Loan, data.book, { book: data.book }),
      Returned: ({ data }, memory) => {
        if (data.book === "burnt") throw new Error("no such book was ever printed");
        if (!memory.retract(Loan, data.book)) memory.signal(Stray, { book: data.book });
      },
    },
    rules: [
      rule<LibraryAlert>("too-many")
        .collect("loans", Loan, { having: (loans) => loans.length > booksMax })
        .then(({ loans }, act) => {
          act.alert({ type: "TooMany", data: { books: loans.map(({ book }) => book) } });
          if (calls) act.send(Desk, act.sessionId, { type: "Call", data: { about: "books" } });
        }),
      rule<LibraryAlert>("overdue")
        .when("loan", Loan)
        .lasting(30 * DAY_MS)
        .then(({ loan }, act) => act.alert({ type: "Overdue", data: loan })),
      rule<LibraryAlert>("unknown")
        .when("stray", Stray)
        .then(({ stray }, act) => act.alert({ type: "Unknown", data: stray })),
    ],
  });
}
