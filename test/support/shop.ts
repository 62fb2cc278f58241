/** The shop of the guide to the command line, with some sales in it: one that its view can't take, and one that runs low. */
import type { Runtime } from "tidemark";
import { Article } from "../../examples/guides/command-line.js";

/** Called before each step, with the minute in which it happens. */
export async function fillShop(
  runtime: Runtime,
  at: (minute: number) => void = () => undefined,
): Promise<void> {
  at(0);
  await runtime.ask(Article, "kettle", { type: "List", data: { sku: "K-100" } });
  at(5);
  await runtime.ask(Article, "kettle", { type: "Receive", data: { count: 10 } });
  await runtime.ask(Article, "teapot", { type: "Receive", data: { count: 4 } });
  at(20);
  await runtime.ask(Article, "kettle", { type: "Sell", data: { count: 2 } });
  at(25);
  await runtime.ask(Article, "kettle", { type: "Sell", data: { count: 1, note: "gift" } });
  at(30);
  await runtime.ask(Article, "kettle", { type: "Sell", data: { count: 5 } });
  runtime.tell(Article, "teapot", { type: "Sell", data: { count: 9 } });
  await runtime.sagas.idle();
  await runtime.rules.idle();
  at(60);
}
