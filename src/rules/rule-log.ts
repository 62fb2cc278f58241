/** What happened to a rule set as a whole, besides routing: that history was replayed through a new version, and what that changed. */
import { CoordinatorLog } from "../delivery/index.js";
import type { Journal } from "../../journal/index.js";
import type { Position } from "../kernel/event.js";
import type { ChangeReport } from "./change-report.js";

/** A version took over at a position; what a replay made of history up to there is what its sessions go on from. */
export interface Switched {
  readonly version: number;
  readonly hash: string;
  readonly at: Position;
  /** Event time there; absent before the first event. */
  readonly timeMs?: number;
  readonly report: ChangeReport;
}

export class RuleLog extends CoordinatorLog {
  constructor(journal: Journal, rules: string) {
    super(journal, "rules", rules);
  }

  /** Where history begins for its sessions: where it was first installed. */
  firstInstalled(): Position | undefined {
    return (this.first("RulesInstalled") as { readonly at: Position } | undefined)?.at;
  }

  lastSwitched(): Switched | undefined {
    return this.last("RulesSwitched") as Switched | undefined;
  }

  /** Whether all sessions have taken over what the last switch gave them. */
  isAdopted(): boolean {
    const last = this.last("RulesSwitched", "RulesAdopted") as { readonly report?: unknown };
    return (last as unknown) === undefined || last.report === undefined;
  }

  async switched(switched: Switched): Promise<void> {
    await this.append("RulesSwitched", switched);
  }

  async adopted(version: number): Promise<void> {
    await this.append("RulesAdopted", { version });
  }
}
