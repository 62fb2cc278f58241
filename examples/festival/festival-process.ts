/**
 * The service in a process of its own, so that it can be killed: events are deleted amid moves, and it kills itself once so many
 * teams have gone with their events.
 *
 * `node dist/examples/festival/festival-process.js DIRECTORY EVENTS TEAMS DIE_AT`
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Position, RecordedEvent } from "tidemark";
import { openService } from "./service.js";
import type { TeamEvent } from "./team.js";
import { deleteAmidMoves } from "./traffic.js";

const [directory = "", events = "0", teams = "0", dieAt = "0"] = process.argv.slice(2);

const runtime = await openService(directory);
let isDone = false;
const work = deleteAmidMoves(runtime, { events: Number(events), teams: Number(teams) })
  .then(() => runtime.sagas.idle())
  .finally(() => (isDone = true));
let gone = 0;
let after: Position = runtime.head;
while (!isDone) {
  const filter = { streamTypes: ["team"], eventTypes: ["TeamDissolved"] };
  for (const event of runtime.events({ after, filter }) as Iterable<RecordedEvent<TeamEvent>>) {
    after = event.position;
    if (event.type === "TeamDissolved" && event.data.because === "event-deleted") gone += 1;
  }
  if (gone >= Number(dieAt)) process.kill(process.pid, "SIGKILL");
  await sleep(2);
}
await work;
await runtime.close();
