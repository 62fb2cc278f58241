/** What do other libraries reach with the same workload, in the same run? */
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { accountIds, shuffled } from "../account.js";
import { closedLoop, Comparison, type Answer, type Sample } from "../measure.js";
import { inDirectory } from "../stores/directory.js";
import { deposits, openAccounts, TIDEMARK } from "../stores/tidemark-store.js";

/** A file of bench/peers: one other library, doing the same work. */
interface Peer {
  readonly name: string;
  readonly durable: boolean;
  open(directory: string): Promise<{
    deposit(id: string, amount: number): Promise<unknown>;
    count(): Promise<number> | number;
    close(): Promise<void> | void;
  }>;
}

const ACCOUNTS = 1_000;
const IN_FLIGHT_BEFORE = 64;

export async function peers(size: { rounds: number; peerCommands: number }): Promise<Answer> {
  const all = await loadPeers();
  const comparisons: Comparison[] = [];
  for (const inFlight of [1, 256]) {
    const comparison = new Comparison(`peers, commands, ${inFlight} in flight`);
    for (let round = 0; round < size.rounds; round++) {
      for (const peer of all)
        comparison.add(
          `${peer.name}${peer.durable ? "" : " (acknowledges before the sync)"}`,
          await ofPeer(peer, size.peerCommands, inFlight),
        );
      comparison.add(TIDEMARK, await own(size.peerCommands, inFlight));
    }
    comparisons.push(comparison);
  }
  return { rows: comparisons.flatMap((comparison) => comparison.rows()), targets: [] };
}

async function loadPeers(): Promise<Peer[]> {
  const folder = resolve("bench", "peers");
  const files = existsSync(folder) ? readdirSync(folder) : [];
  const loaded: Peer[] = [];
  for (const file of files.filter((name) => name.endsWith(".js")).sort()) {
    const module = (await import(pathToFileURL(join(folder, file)).href)) as Record<string, Peer>;
    loaded.push(...Object.values(module));
  }
  return loaded;
}

function ofPeer(peer: Peer, count: number, inFlight: number): Promise<Sample> {
  return inDirectory(async (directory) => {
    const store = await peer.open(directory);
    const ids = shuffled(accountIds(ACCOUNTS));
    const send = (n: number) => store.deposit(ids[n % ACCOUNTS] as string, 1 + (n % 997));
    // What keeps its accounts in memory has them there.
    await closedLoop(ACCOUNTS, IN_FLIGHT_BEFORE, send);
    const sample = await closedLoop(count, inFlight, send);
    const recorded = (await store.count()) - ACCOUNTS;
    if (recorded !== count) throw new Error(`${peer.name}: ${count} sent, ${recorded} recorded`);
    await store.close();
    return sample;
  });
}

function own(count: number, inFlight: number): Promise<Sample> {
  return inDirectory(async (directory) => {
    const runtime = await openAccounts(directory);
    const ids = shuffled(accountIds(ACCOUNTS));
    await deposits(runtime, ids, ACCOUNTS, IN_FLIGHT_BEFORE);
    const sample = await deposits(runtime, ids, count, inFlight);
    await runtime.close();
    return sample;
  });
}
