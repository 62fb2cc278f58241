/** What does a step of a saga cost that is durable, with its timer set and cancelled, beside the same step in memory only? */
import { initialTransition, transition } from "xstate";
import { openRuntime } from "../../src/index.js";
import { closedLoop, Comparison, rateOf, type Answer, type Sample } from "../measure.js";
import { inDirectory } from "../stores/directory.js";
import { NEXT, Waiting, waitingMachine } from "../stores/waiting-saga.js";

export interface SagaStepsSize {
  readonly rounds: number;
  readonly sagaSteps: number;
}

const INSTANCES = 1_000;
const DAY_MS = 86_400_000;
const DURABLE = "Tidemark, durable";
const MEMORY = "transition() in memory";

export async function sagaSteps({ rounds, sagaSteps: steps }: SagaStepsSize): Promise<Answer> {
  const rate = new Comparison("saga steps, 256 in flight, 1,000 instances");
  for (let round = 0; round < rounds; round++) {
    rate.add(DURABLE, await durable(steps));
    rate.add(MEMORY, await inMemory(steps));
  }
  return { rows: rate.rows(), targets: [rate.atLeastTimes(0.5, DURABLE, MEMORY)] };
}

function durable(steps: number): Promise<Sample> {
  return inDirectory(async (directory) => {
    const runtime = await openRuntime({ directory, aggregates: [], sagas: [Waiting] });
    await closedLoop(INSTANCES, 256, (n) =>
      runtime.sagas.start(Waiting, String(n), { patienceMs: DAY_MS }),
    );
    const step = (n: number) => runtime.sagas.send(Waiting, String(n % INSTANCES), NEXT);
    await closedLoop(steps / 10, 256, step);
    const sample = await closedLoop(steps, 256, step);
    await runtime.close();
    return sample;
  });
}

async function inMemory(steps: number): Promise<Sample> {
  const instances = Array.from(
    { length: INSTANCES },
    () => initialTransition(waitingMachine, { patienceMs: DAY_MS })[0],
  );
  const run = (count: number) => {
    for (let n = 0; n < count; n++) {
      const at = n % INSTANCES;
      [instances[at]] = transition(
        waitingMachine,
        instances[at] as (typeof instances)[0],
        NEXT,
      ) as [(typeof instances)[0], unknown];
    }
    return count;
  };
  run(steps / 10);
  return rateOf(steps, () => run(steps));
}
