/** What `tidemark rules` can do to a session. */
import type { Command } from "commander";
import { named } from "./arguments.js";
import { asking, change, withChangeOptions, type ChangeOptions } from "./command.js";
import type { Shell } from "./shell.js";

interface Simple {
  readonly name: string;
  readonly operation: "rules.park" | "rules.release" | "rules.discard";
  readonly description: string;
  readonly will: (session: string) => string;
  readonly did: (session: string) => string;
}

const SIMPLE: readonly Simple[] = [
  {
    name: "park",
    operation: "rules.park",
    description: "stop a session where it is; its events are kept",
    will: (session) => `${session} will stop where it is; what comes for it is kept.`,
    did: (session) => `${session} is parked`,
  },
  {
    name: "release",
    operation: "rules.release",
    description: "let a parked session go on, with what was kept for it",
    will: (session) => `${session} will go on with what was kept for it, in order.`,
    did: (session) => `${session} goes on`,
  },
  {
    name: "discard",
    operation: "rules.discard",
    description: "let a parked session go on without what was kept for it",
    will: (session) => `${session} will go on without what was kept for it, which is lost to it.`,
    did: (session) => `${session} goes on without what was kept`,
  },
];

export function addRuleChanges(shell: Shell, parent: Command): void {
  for (const { name, description, operation, will, did } of SIMPLE) {
    const command = parent
      .command(name)
      .description(description)
      .addArgument(named("ruleSet", "<ruleset>", "its name"))
      .argument("<session>", "its id");
    asking<ChangeOptions, [ruleSet: string, sessionId: string]>(
      shell,
      withChangeOptions(command),
      (session, ruleSet, sessionId) => {
        const text = `${ruleSet} ${sessionId}`;
        const input = { name: ruleSet, sessionId };
        return change(session, { operation, input, will: will(text), did: () => [did(text)] });
      },
    );
  }
}
