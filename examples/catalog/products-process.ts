/** The products service in a process of its own: `products-process.js DIRECTORY SERVERS`. It ends with its parent. */
import { openProducts } from "./services.js";

/** What it tells its parent. */
export type ProductsReport =
  | { readonly what: "ready" }
  | { readonly what: "asked"; readonly userId: string; readonly isFound: boolean }
  /** Up to which position of the users service's journal it has received events, and where its own journal was then. */
  | { readonly what: "received"; readonly position: number; readonly head: number };

const LOOK_EVERY_MS = 5;

const tell = (report: ProductsReport) => void process.send?.(report);

const [directory = "", servers = ""] = process.argv.slice(2);
const runtime = await openProducts(directory, servers, (userId, isFound) =>
  tell({ what: "asked", userId, isFound }),
);
let told = -1;
const looking = setInterval(() => {
  const [users] = runtime.status().messaging?.imports ?? [];
  const [{ position } = { position: 0 }] = Object.values(users?.stores ?? {});
  if (position === told) return;
  told = position;
  tell({ what: "received", position, head: runtime.head });
}, LOOK_EVERY_MS);
process.once("disconnect", () => {
  clearInterval(looking);
  void runtime.close();
});
tell({ what: "ready" });
