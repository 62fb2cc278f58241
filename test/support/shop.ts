/** The shop of the guide to the command line, with some sales in it: one that its view can't take, and one that runs low. */
import type { Runtime } from "tidemark";
import { Article, type ArticleCommand } from "../../examples/guides/command-line.js";

/** Called before each step, with the minute in which it happens. */
export async function fillShop(
  runtime: Runtime,
  at: (minute: number) => void = () => undefined,
): Promise<void> {
  const ask = async (minute: number, id: string, command: ArticleCommand) => {
    at(minute);
    await runtime.ask(Article, id, command);
    // One after the other, so that each run records the same at the same positions.
    await runtime.sagas.idle();
    await runtime.rules.idle();
  };
  await ask(0, "kettle", { type: "List", data: { sku: "K-100" } });
  await ask(5, "kettle", { type: "Receive", data: { count: 10 } });
  await ask(5, "teapot", { type: "Receive", data: { count: 4 } });
  await ask(20, "kettle", { type: "Sell", data: { count: 2 } });
  await ask(25, "kettle", { type: "Sell", data: { count: 1, note: "gift" } });
  await ask(30, "kettle", { type: "Sell", data: { count: 5 } });
  runtime.tell(Article, "teapot", { type: "Sell", data: { count: 9 } });
  at(60);
}
