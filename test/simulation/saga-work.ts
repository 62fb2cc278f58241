/** The sagas of the simulated service: what is asked of them, and what must hold at every moment and at the end. */
import type { Message, RecordedEvent, Runtime } from "tidemark";
import type { ViewReader } from "../../journal/index.js";
import { checkSagaRows } from "../support/saga-rows-check.js";
import { Errand, List, Tally } from "../support/errands.js";
import { problemsOf, toldOf } from "../support/transfers-told.js";
import { Purse, Transfer, TransferOrder } from "../support/transfers.js";

const PURSES = 3;
const ERRAND_TIMERS = 2;

export const sagaParts = {
  aggregates: [Purse, TransferOrder, List, Tally],
  sagas: [Transfer, Errand],
};

/** Something to ask of the service; harmless when repeated. */
export interface SagaRequest {
  readonly commandId: string;
  ask(runtime: Runtime): Promise<unknown>;
}

/** The next thing to ask, by number; the first fill the purses, and close one. */
export function sagaRequest(number: number, random: () => number): SagaRequest {
  const below = (end: number) => Math.floor(random() * end);
  const purse = () => `p${below(PURSES)}`;
  const commandId = `s-${number}`;
  const of = (ask: SagaRequest["ask"]) => ({ commandId, ask });
  const options = { commandId, timeoutMs: 2_000 };
  if (number < PURSES) {
    const deposit = { type: "Deposit", data: { cents: 1_000 } } as const;
    return of((runtime) => runtime.ask(Purse, `p${number}`, deposit, options));
  }
  if (number === PURSES)
    return of((runtime) => runtime.ask(Purse, "shut", { type: "Close" }, options));
  const dice = random();
  if (dice < 0.6) {
    const to = random() < 0.2 ? "shut" : purse();
    const data = { from: purse(), to, cents: 1 + below(400) };
    return of((runtime) =>
      runtime.ask(TransferOrder, `t-${number}`, { type: "Request", data }, options),
    );
  }
  const type = dice < 0.8 ? ("Ask" as const) : ("Nudge" as const);
  const id = `e-${type === "Ask" ? number : below(number)}`;
  return of((runtime) => runtime.ask(List, "all", { type, data: { id } }, options));
}

/** At every moment: the index is the fold of the log, and no timer has fired twice. */
export function sagaProblems(views: ViewReader, events: readonly RecordedEvent[]): string[] {
  const problems = checkSagaRows(views, events, ["transfer", "errand"]);
  const seen = new Set<string>();
  for (const { streamId, type, data } of events) {
    const once = onceOf(streamId, { type, data });
    if (once === undefined) continue;
    if (seen.has(once)) problems.push(`${once} happened twice`);
    seen.add(once);
  }
  return problems;
}

function onceOf(streamId: string, { type, data }: Message): string | undefined {
  if (type === "Added") return `${streamId} ${JSON.stringify(data)}`;
  if (type !== "saga.stepped") return undefined;
  const { input } = data as { input: { kind: string; id?: string; commandId?: string } };
  if (input.kind === "timer") return `${streamId} timer ${String(input.id)}`;
  return input.kind === "answer" ? `${streamId} answer ${String(input.commandId)}` : undefined;
}

/** Once all is quiet, and every delay over: no money is lost, nothing is stuck but what is on a list. */
export function problemsAtRest(
  runtime: Runtime,
  events: readonly RecordedEvent[],
  nowMs: number,
): string[] {
  const { sagas } = runtime;
  const listed = new Set<string>();
  for (const definition of [Transfer, Errand]) {
    for (const { instanceId } of sagas.refused(definition)) listed.add(instanceId);
    const { instances } = sagas.instances(definition, { status: "parked", limit: 1_000 });
    for (const { instanceId } of instances) listed.add(instanceId);
  }
  const problems = problemsOf(toldOf(events), listed);
  for (const { instanceId } of sagas.instances(Errand, { limit: 1_000 }).instances) {
    if (listed.has(instanceId)) continue;
    const { state, timers = [], steps = 0 } = sagas.instance(Errand, instanceId) ?? {};
    for (const { id, dueAtMs } of timers)
      if (dueAtMs <= nowMs) problems.push(`timer ${id} of ${instanceId} is overdue`);
    if (state !== "done") problems.push(`${instanceId} is ${String(state)} after ${steps} steps`);
    const fired = events.filter(
      ({ streamId, data }) =>
        streamId === `errand/${instanceId}` &&
        (data as { input?: { kind: string } }).input?.kind === "timer",
    ).length;
    if (fired !== ERRAND_TIMERS) problems.push(`${fired} timers of ${instanceId} fired`);
  }
  return problems;
}
