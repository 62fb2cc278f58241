/** What does a command to another process cost, durable there, beside a bare request over the same NATS server? */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { connect } from "nats";
import { openRuntime } from "../../src/index.js";
import { nats } from "../../src/messaging/nats/index.js";
import { NatsServer } from "../../src/testing/nats-server.js";
import { Account, accountIds, shuffled } from "../account.js";
import { closedLoop, Comparison, type Answer, type Sample } from "../measure.js";
import { inDirectory } from "../stores/directory.js";
import { commandBytes, RAW_SUBJECT } from "../stores/raw-nats.js";

export interface RemoteAskSize {
  readonly rounds: number;
  readonly remoteAsks: number;
}

const ACCOUNTS = 1_000;
const IN_FLIGHT = 256;
const RAW = "a bare request and its answer";
const DURABLE = "Tidemark, durable there";

export async function remoteAsk({ rounds, remoteAsks: asks }: RemoteAskSize): Promise<Answer> {
  const rate = new Comparison("asked of another process over NATS, 256 in flight");
  for (let round = 0; round < rounds; round++) {
    rate.add(RAW, await withServer((address) => bare(address, asks)));
    rate.add(DURABLE, await withServer((address) => durable(address, asks)));
  }
  return { rows: rate.rows(), targets: [rate.atLeastTimes(0.6, DURABLE, RAW)] };
}

async function withServer<T>(work: (address: string) => Promise<T>): Promise<T> {
  const server = await NatsServer.start();
  try {
    return await work(server.url);
  } finally {
    await server.remove();
  }
}

/** Another process answers while `work` runs. */
async function answered<T>(mode: string, address: string, work: () => Promise<T>): Promise<T> {
  const program = fileURLToPath(new URL("remote-ask-child.js", import.meta.url));
  const child = spawn(process.execPath, [program, mode, address], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  await once(child.stdout, "data");
  try {
    return await work();
  } finally {
    child.stdin.end();
    await ended;
  }
}

function bare(address: string, asks: number): Promise<Sample> {
  return answered("raw", address, async () => {
    const connection = await connect({ servers: address });
    const ask = () => connection.request(RAW_SUBJECT, commandBytes, { timeout: 60_000 });
    await closedLoop(asks / 10, IN_FLIGHT, ask);
    const sample = await closedLoop(asks, IN_FLIGHT, ask);
    await connection.close();
    return sample;
  });
}

function durable(address: string, asks: number): Promise<Sample> {
  return answered("tidemark", address, () =>
    inDirectory(async (directory) => {
      const messaging = nats({ servers: address, prefix: "bench" });
      const runtime = await openRuntime({ directory, aggregates: [], messaging });
      const account = runtime.remote(Account);
      const ids = shuffled(accountIds(ACCOUNTS));
      const ask = (n: number) =>
        account.ask(
          ids[n % ACCOUNTS] as string,
          { type: "Deposit", data: { amount: 1 + (n % 997) } },
          { timeoutMs: 60_000 },
        );
      await closedLoop(asks / 10, IN_FLIGHT, ask);
      const sample = await closedLoop(asks, IN_FLIGHT, ask);
      await runtime.close();
      return sample;
    }),
  );
}
