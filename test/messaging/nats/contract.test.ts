/** What every transport must keep, and what runtimes over it must, on a real server. */
import { nats } from "tidemark/nats";
import { messagingContract } from "../../conformance/messaging.js";
import { transportContract } from "../../conformance/transport.js";
import { NatsServer } from "tidemark/testing";

async function openPlace() {
  const server = await NatsServer.start();
  let isDown = false;
  return {
    transport: () => nats({ servers: server.url, prefix: "shop" }),
    interrupt: async () => {
      isDown = true;
      await server.stop("SIGKILL");
    },
    restore: async () => {
      if (isDown) await server.restart();
      isDown = false;
    },
    wipe: async () => {
      await server.stop("SIGKILL");
      server.wipe();
      await server.restart();
    },
    close: () => server.remove(),
  };
}

transportContract("NATS", openPlace);
messagingContract("NATS", openPlace);
