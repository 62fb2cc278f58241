/** What does a view cost the commands whose events it shows: behind their answers, and before them? */
import { accountIds, shuffled } from "../account.js";
import type { AnyProjection } from "../../src/index.js";
import { Comparison, type Answer, type Sample } from "../measure.js";
import { inDirectory } from "../stores/directory.js";
import { deposits, openAccounts } from "../stores/tidemark-store.js";
import { Counting, CountingInline } from "../views.js";

export interface InlineSize {
  readonly rounds: number;
  readonly inlineCommands: number;
}

const ACCOUNTS = 1_000;
const NONE = "without a view";
const ASYNC = "an async view";
const INLINE = "an inline view";

export async function inline({ rounds, inlineCommands: commands }: InlineSize): Promise<Answer> {
  const question = "durable commands, 256 in flight, 1,000 accounts";
  const rate = new Comparison(`${question}, with a view`);
  for (let round = 0; round < rounds; round++) {
    rate.add(NONE, await withViews([], commands));
    rate.add(ASYNC, await withViews([Counting], commands));
    rate.add(INLINE, await withViews([CountingInline], commands));
  }
  const ratio = new Comparison(`${question}, with a view ÷ without`);
  for (const name of [ASYNC, INLINE])
    for (const [round, value] of rate.values(name).entries())
      ratio.add(name, { value: value / (rate.values(NONE)[round] ?? Number.NaN) });
  return { rows: [...rate.rows(), ...ratio.rows()], targets: [] };
}

function withViews(projections: readonly AnyProjection[], commands: number): Promise<Sample> {
  return inDirectory(async (directory) => {
    const runtime = await openAccounts(directory, { projections });
    const ids = shuffled(accountIds(ACCOUNTS));
    await deposits(runtime, ids, ACCOUNTS, 256);
    const sample = await deposits(runtime, ids, commands, 256);
    await runtime.close();
    return sample;
  });
}
