/** How much work each question does: small by default, so that all of them take less than three minutes, and the real sizes. */
import type { CatchUpSize } from "./questions/catch-up.js";
import type { ColdCommandsSize } from "./questions/cold-commands.js";
import type { DurableCommandsSize } from "./questions/durable-commands.js";
import type { GrowthSize } from "./questions/growth.js";
import type { HydrationSize } from "./questions/hydration.js";
import type { InlineSize } from "./questions/inline.js";
import type { ManyEntitiesSize } from "./questions/many-entities.js";
import type { RebuildBesideCommandsSize } from "./questions/rebuild-beside-commands.js";
import type { RebuildSize } from "./questions/rebuild.js";
import type { RulesSize } from "./questions/rules.js";
import type { SagaStepsSize } from "./questions/saga-steps.js";
import type { SagaTimersSize } from "./questions/saga-timers.js";
import type { RelaySize } from "./questions/relay.js";
import type { RemoteAskSize } from "./questions/remote-ask.js";
import type { ViewQueriesSize } from "./questions/view-queries.js";
import type { RareTypeSize } from "./questions/rare-type.js";

export interface Size
  extends
    DurableCommandsSize,
    ColdCommandsSize,
    HydrationSize,
    CatchUpSize,
    RebuildSize,
    RebuildBesideCommandsSize,
    ViewQueriesSize,
    InlineSize,
    SagaStepsSize,
    SagaTimersSize,
    RemoteAskSize,
    RelaySize,
    RareTypeSize,
    GrowthSize,
    ManyEntitiesSize,
    RulesSize {
  readonly rounds: number;
  readonly refusals: number;
  readonly activations: number;
  readonly peerCommands: number;
}

export const SMALL: Size = {
  rounds: 3,
  commands: 100_000,
  commandsAlone: 1_500,
  accounts: 4_000,
  longAccounts: 400,
  longCommands: 1_200,
  coldCommands: 4_000,
  events: 100_000,
  catchUpEvents: 200_000,
  rebuildEvents: 200_000,
  scatteredEvents: 100_000,
  steadySeconds: 1,
  inlineCommands: 20_000,
  documents: 100_000,
  queries: 20_000,
  sagaSteps: 50_000,
  sagaTimers: 20_000,
  remoteAsks: 20_000,
  relayed: 20_000,
  rareEvents: 200_000,
  refusals: 500_000,
  activations: 20_000,
  entities: 200_000,
  ruleEntities: 50_000,
  sizes: [10_000, 100_000, 300_000],
  growthCommands: 50_000,
  peerCommands: 2_000,
};

export const FULL: Size = {
  rounds: 5,
  commands: 500_000,
  commandsAlone: 10_000,
  accounts: 10_000,
  longAccounts: 2_000,
  longCommands: 6_000,
  coldCommands: 10_000,
  events: 1_000_000,
  catchUpEvents: 1_000_000,
  rebuildEvents: 1_000_000,
  scatteredEvents: 1_000_000,
  steadySeconds: 5,
  inlineCommands: 200_000,
  documents: 1_000_000,
  queries: 100_000,
  sagaSteps: 200_000,
  sagaTimers: 100_000,
  remoteAsks: 200_000,
  relayed: 200_000,
  rareEvents: 1_000_000,
  refusals: 2_000_000,
  activations: 50_000,
  entities: 1_000_000,
  ruleEntities: 1_000_000,
  sizes: [10_000, 100_000, 1_000_000, 5_000_000],
  growthCommands: 200_000,
  peerCommands: 5_000,
};
