/** Timers of many instances that become due in the same second: how long until the last one has fired? */
import { openRuntime } from "../../src/index.js";
import { systemClock } from "../../src/kernel/system-clock.js";
import { closedLoop, Comparison, type Answer } from "../measure.js";
import { inDirectory } from "../stores/directory.js";
import { Waiting } from "../stores/waiting-saga.js";

export interface SagaTimersSize {
  readonly rounds: number;
  readonly sagaTimers: number;
}

const TARGET_SECONDS = 10;

export async function sagaTimers({ rounds, sagaTimers: timers }: SagaTimersSize): Promise<Answer> {
  const seconds = new Comparison("s until all timers due in one second have fired");
  const rate = new Comparison("timers fired a second, all due at once");
  const name = `${timers.toLocaleString("en")} timers`;
  for (let round = 0; round < rounds; round++) {
    const elapsedMs = await inDirectory((directory) => fire(directory, timers));
    seconds.add(name, { value: elapsedMs / 1_000 });
    rate.add(name, { value: (timers / elapsedMs) * 1_000 });
  }
  return {
    rows: [...seconds.rows(), ...rate.rows()],
    targets: [seconds.atMost(TARGET_SECONDS, name, "s")],
  };
}

/** From the moment at which the last one was due. */
async function fire(directory: string, timers: number): Promise<number> {
  const runtime = await openRuntime({ directory, aggregates: [], sagas: [Waiting] });
  // Time enough to start them all.
  const dueAtMs = systemClock.nowMs() + 1_000 + timers / 5;
  await closedLoop(timers, 256, (n) =>
    runtime.sagas.start(Waiting, String(n), {
      patienceMs: dueAtMs - systemClock.nowMs() + (n % 1_000),
    }),
  );
  const startedLateMs = systemClock.nowMs() - dueAtMs;
  if (startedLateMs > 0) throw new Error(`the instances were started ${startedLateMs} ms too late`);
  // Each that fires is one step on disk. The lists of instances follow within seconds.
  const wanted = runtime.head + timers;
  const alive = systemClock.keepAlive?.();
  while (runtime.head < wanted)
    await new Promise<void>((resolve) => systemClock.setTimer(20, resolve));
  alive?.cancel();
  const elapsedMs = systemClock.nowMs() - (dueAtMs + 999);
  await runtime.close();
  return Math.max(1, elapsedMs);
}
