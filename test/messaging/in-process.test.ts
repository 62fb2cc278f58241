import { inProcessHub } from "tidemark";
import { describe, expect, it } from "vitest";
import { silentLogger } from "../../src/kernel/log.js";
import { systemClock, systemIds } from "../../src/kernel/system-clock.js";
import { messagingContract } from "../conformance/messaging.js";
import { transportContract } from "../conformance/transport.js";

const openPlace = async () => {
  const hub = inProcessHub();
  return {
    transport: () => hub,
    interrupt: async () => hub.interrupt(),
    restore: async () => hub.restore(),
    wipe: async () => hub.rollBack(0),
    close: async () => undefined,
  };
};

transportContract("a hub in one process", openPlace);
messagingContract("a hub in one process", openPlace);

describe("the log of a hub", () => {
  const host = { storeId: "s", clock: systemClock, ids: systemIds, logger: silentLogger };
  const publication = (position: number) => ({
    ...{ aggregate: "a", entityId: "e", messageId: `s:${position}` },
    message: { headers: { "tidemark-position": `s:${position}` }, payload: Buffer.alloc(100) },
  });

  it("drops the oldest messages at its bound where nobody wants them", async () => {
    const connection = await inProcessHub({ messagesMax: 3 }).connect(host);
    for (let n = 1; n <= 5; n++) await connection.publish(publication(n));
    expect(await connection.messageAt(2)).toBeUndefined();
    expect(await connection.messageAt(3)).toBeDefined();
  });

  it("takes nothing more at its bound of messages or bytes until a consumer has handled some", async () => {
    for (const bounds of [{ messagesMax: 3 }, { bytesMax: 400 }]) {
      const hub = inProcessHub(bounds);
      const connection = await hub.connect(host);
      let open: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => (open = resolve));
      await connection.consume({
        ...{ aggregate: "a", durable: "d", pageMax: 10 },
        handle: async (page) => {
          await gate;
          return { done: page.length, redeliverAfterMs: 0 };
        },
      });
      for (let n = 1; n <= 3; n++) await connection.publish(publication(n));
      const refusal = { code: "log-full", retryable: true };
      await expect(connection.publish(publication(4))).rejects.toMatchObject(refusal);
      open();
      let taken = false;
      while (!taken) {
        await new Promise((resolve) => setImmediate(resolve));
        taken = await connection.publish(publication(4)).then(
          () => true,
          () => false,
        );
      }
      expect((await connection.standing()).lastSequence).toBe(4);
      await connection.close();
    }
  });
});
