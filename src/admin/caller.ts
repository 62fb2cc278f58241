/** Who asks for an operation, through which door, and what they may do. */
export interface Caller {
  /** Name of a person or program, as far as it is known. */
  readonly by?: string;
  /** The door it came through. */
  readonly via: "process" | "socket" | "panel" | "nats";
  /** Whether operations that change something are carried out. */
  readonly change: boolean;
  /** Whether data of events, states, documents, and messages that may quote them, are shown. */
  readonly payloads: boolean;
}

/** Somebody with the runtime in hand may do everything. */
export const OWN_PROCESS: Caller = Object.freeze({ via: "process", change: true, payloads: true });
