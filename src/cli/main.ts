#!/usr/bin/env node
/** `npx tidemark`: a project to begin with, and work on a service or its data directory, from a terminal. */
import { connect } from "./connect.js";
import { run } from "./program.js";
import { processShell } from "./shell.js";

// What a closed pipe does to a write is told to whoever wrote; unheard it would end the process with a stack.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

// Timers of the library don't keep a process, so one that waits for nothing else would end in the middle, with 13.
const alive = setInterval(() => undefined, 0x7fffffff);

const shell = processShell(connect);
await run(shell, process.argv.slice(2));
clearInterval(alive);
process.exitCode = shell.exitCode;
