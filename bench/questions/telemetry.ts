/** What do figures read by a collector, traces at a sampling of one in a hundred, and a logger cost the commands that they tell of? */
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { context } from "@opentelemetry/api";
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
} from "@opentelemetry/sdk-trace-base";
import { pino } from "pino";
import { openTelemetry, prometheus } from "../../src/telemetry/index.js";
import { accountIds, shuffled } from "../account.js";
import { Comparison, type Answer, type Sample } from "../measure.js";
import { inDirectory } from "../stores/directory.js";
import { deposits, openAccounts, type Bounds } from "../stores/tidemark-store.js";

export interface TelemetrySize {
  readonly rounds: number;
  readonly commands: number;
}

const ACCOUNTS = 1_000;
const SCRAPE_EVERY_MS = 250;
const SAMPLED = 0.01;
const BARE = "without";
const METRICS = "metrics, read four times a second";
const ALL = "metrics, traces (1 % sampled) and logger";

export async function telemetry({ rounds, commands }: TelemetrySize): Promise<Answer> {
  const question = "durable commands, 256 in flight, 1,000 accounts";
  const rate = new Comparison(`${question}, with telemetry`);
  // The disk varies more than telemetry costs; time of the processors doesn't.
  const work = new Comparison(`${question}, µs of processor time each`);
  const add = (name: string, { sample, cpuUs }: Measured) => {
    rate.add(name, sample);
    work.add(name, { value: cpuUs });
  };
  for (let round = 0; round < rounds; round++) {
    add(BARE, await measured(commands, {}, false));
    add(METRICS, await measured(commands, {}, true));
    add(ALL, await traced((bounds) => measured(commands, bounds, true)));
  }
  const ratio = new Comparison(`${question}, with telemetry ÷ without`);
  for (const name of [METRICS, ALL])
    for (const [round, value] of rate.values(name).entries())
      ratio.add(name, { value: value / (rate.values(BARE)[round] ?? Number.NaN) });
  return {
    rows: [...rate.rows(), ...ratio.rows(), ...work.rows()],
    targets: [rate.atLeastTimes(0.95, ALL, BARE)],
  };
}

/** As a service sets it up: the SDK's context manager, its batching processor, and whatever else is its default; one trace in a hundred. */
async function traced(run: (bounds: Bounds) => Promise<Measured>): Promise<Measured> {
  const provider = new BasicTracerProvider({
    spanProcessors: [new BatchSpanProcessor(new InMemorySpanExporter())],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  try {
    const tracer = openTelemetry({ provider, rootRatio: SAMPLED });
    return await run({ telemetry: { tracer }, logger: pino({ enabled: true }, nowhere) });
  } finally {
    context.disable();
    await provider.shutdown();
  }
}

const nowhere = { write: () => undefined };

interface Measured {
  readonly sample: Sample;
  /** Of user and system, a command; of all threads. */
  readonly cpuUs: number;
}

function measured(commands: number, bounds: Bounds, isCollected: boolean): Promise<Measured> {
  return inDirectory(async (directory) => {
    const runtime = await openAccounts(directory, bounds);
    const page = prometheus(runtime);
    const collecting = isCollected ? setInterval(() => void page(), SCRAPE_EVERY_MS) : undefined;
    const ids = shuffled(accountIds(ACCOUNTS));
    await deposits(runtime, ids, ACCOUNTS, 256);
    const before = process.cpuUsage();
    const sample = await deposits(runtime, ids, commands, 256);
    const { user, system } = process.cpuUsage(before);
    clearInterval(collecting);
    await runtime.close();
    return { sample, cpuUs: (user + system) / commands };
  });
}
