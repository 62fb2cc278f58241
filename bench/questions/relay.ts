/** How fast does what is recorded get into JetStream, beside a bare publisher with the same client and message ids? */
import { connect } from "nats";
import { openRuntime } from "../../src/index.js";
import { systemClock } from "../../src/kernel/system-clock.js";
import { nats } from "../../src/messaging/nats/index.js";
import { NatsServer } from "../../src/testing/nats-server.js";
import { Account, accountIds } from "../account.js";
import { closedLoop, Comparison, type Answer, type Sample } from "../measure.js";
import { inDirectory } from "../stores/directory.js";
import { eventBytes } from "../stores/raw-nats.js";
import { deposits, openAccounts } from "../stores/tidemark-store.js";

export interface RelaySize {
  readonly rounds: number;
  readonly relayed: number;
}

const ACCOUNTS = 1_000;
const RAW = "a bare publisher, 256 in flight";
const RELAY = "Tidemark's relay, from the log";

export async function relay({ rounds, relayed: events }: RelaySize): Promise<Answer> {
  const rate = new Comparison("events published to JetStream a second");
  for (let round = 0; round < rounds; round++) {
    rate.add(RAW, await bare(events));
    rate.add(RELAY, await fromLog(events));
  }
  return { rows: rate.rows(), targets: [rate.atLeastTimes(0.8, RELAY, RAW)] };
}

async function bare(events: number): Promise<Sample> {
  const server = await NatsServer.start();
  const connection = await connect({ servers: server.url });
  const manager = await connection.jetstreamManager();
  await manager.streams.add({ name: "raw", subjects: ["raw.>"] });
  const jetStream = connection.jetstream();
  const sample = await closedLoop(events, 256, (n) =>
    jetStream.publish(`raw.${n % 64}`, eventBytes, { msgID: `raw:${n}` }),
  );
  await connection.close();
  await server.remove();
  return sample;
}

function fromLog(events: number): Promise<Sample> {
  return inDirectory(async (directory) => {
    const filled = await openAccounts(directory);
    await deposits(filled, accountIds(ACCOUNTS), events, 256);
    await filled.close();
    const server = await NatsServer.start();
    const messaging = nats({ servers: server.url, prefix: "bench" });
    const startedAt = performance.now();
    const runtime = await openRuntime({ directory, aggregates: [Account], messaging });
    const alive = systemClock.keepAlive?.();
    while ((runtime.status().messaging?.relay?.position ?? 0) < runtime.head)
      await new Promise<void>((resolve) => systemClock.setTimer(5, resolve));
    alive?.cancel();
    const value = (events / (performance.now() - startedAt)) * 1_000;
    await runtime.close();
    await server.remove();
    return { value };
  });
}
