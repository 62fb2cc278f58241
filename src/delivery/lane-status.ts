/** How the commands for one aggregate leave, as data. */
/** How one aggregate's commands stand. */
export interface LaneStatus {
  readonly aggregate: string;
  /** Being tried now. */
  readonly inFlight: number;
  /** In memory; more may be on disk. */
  readonly waiting: number;
  /** Answers that instances have taken, since this life began. */
  readonly delivered: number;
  /** Attempts that failed, since this life began. */
  readonly attemptsFailed: number;
  /** Failed attempts since one was answered last. */
  readonly failures: number;
  /** What the last of those failed with, and wall time; undefined once one was answered. */
  readonly lastError: Error | undefined;
  readonly lastErrorAtMs: number | undefined;
}
