/** The source: a branch of the library, which lends without asking anybody, and reports at the end of each day what it did. */
import { aggregate } from "tidemark";

export interface Lent {
  readonly type: "Lent";
  readonly data: {
    readonly member: string;
    readonly book: string;
    readonly atMs: number;
    readonly dueAtMs: number;
  };
}

export interface Returned {
  readonly type: "Returned";
  readonly data: { readonly member: string; readonly book: string; readonly atMs: number };
}

/** Somebody has looked at what a member brought back. */
export interface Checked {
  readonly type: "Checked";
  readonly data: { readonly member: string; readonly atMs: number };
}

export interface StaffJoined {
  readonly type: "StaffJoined";
  readonly data: { readonly member: string; readonly atMs: number };
}

/** What happens to members. */
export type Change = Lent | Returned | Checked | StaffJoined;

/** Everything of that day, and of those before, is reported. */
export interface DayClosed {
  readonly type: "DayClosed";
  readonly data: { readonly day: number; readonly atMs: number };
}

export interface Report {
  readonly type: "Report";
  readonly data: {
    /** From 1; each branch reports each day. */
    readonly day: number;
    readonly closesAtMs: number;
    /** In order of time. */
    readonly changes: readonly Change[];
  };
}

export const Branch = aggregate<{ readonly day: number }, Report, Change | DayClosed>({
  name: "branch",
  initialState: () => ({ day: 0 }),
  decide: {
    // A report that is sent again after a crash is known by its day.
    Report: (branch, { day, closesAtMs, changes }) =>
      day <= branch.day ? [] : [...changes, { type: "DayClosed", data: { day, atMs: closesAtMs } }],
  },
  evolve: {
    Lent: (branch) => branch,
    Returned: (branch) => branch,
    Checked: (branch) => branch,
    StaffJoined: (branch) => branch,
    DayClosed: (_branch, { day }) => ({ day }),
  },
});
