/**
 * Castore over its adapter in memory, by its command: loads the account and pushes one event at the next version, again from the
 * start if another was first. Acknowledged once in memory; nothing reaches a disk.
 */
import { Command, EventStore, EventType } from "@castore/core";
import { InMemoryEventStorageAdapter } from "@castore/event-storage-adapter-in-memory";
import { decide, evolve, INITIAL, TYPE, versionOf } from "./shared/account.js";

/** Enough for a few commands in flight on one account: at each conflict one of them wins. */
const RETRIES = 20;

export const castoreInMemory = {
  name: `Castore ${versionOf("@castore/core")}, in memory`,
  durable: false,
  note: "no disk at all",
  async open(_directory) {
    const store = new EventStore({
      eventStoreId: "ACCOUNTS",
      eventTypes: [new EventType({ type: TYPE })],
      reducer: (account = INITIAL, { aggregateId, version, payload }) => ({
        aggregateId,
        version,
        ...evolve(account, payload),
      }),
      eventStorageAdapter: new InMemoryEventStorageAdapter(),
    });
    const command = new Command({
      commandId: "DEPOSIT",
      requiredEventStores: [store],
      eventAlreadyExistsRetries: RETRIES,
      handler: async ({ id, amount }, [accounts]) => {
        const { aggregate } = await accounts.getAggregate(id);
        const payload = decide(id, amount);
        const version = (aggregate?.version ?? 0) + 1;
        await accounts.pushEvent({ aggregateId: id, version, type: TYPE, payload });
      },
    });
    return {
      deposit: (id, amount) => command.handler({ id, amount }, [store]),
      async count() {
        const { aggregateIds } = await store.listAggregateIds();
        let count = 0;
        for (const { aggregateId } of aggregateIds) {
          count += (await store.getEvents(aggregateId)).events.length;
        }
        return count;
      },
      async close() {},
    };
  },
};
