/** A session while one command to it is decided: the events so far, and the state after them. */
import type { SessionState } from "./session.js";
export declare class SessionDraft {
  state: SessionState;
}
