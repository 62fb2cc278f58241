/** The service as it is opened each time, also by the process that is killed, and upon what was restored. */
import { openRuntime, type Runtime } from "tidemark";
import { badgesView } from "./badges-view.js";
import { Booking } from "./booking.js";
import { Guest } from "./guest.js";
import { hotelView } from "./hotel-view.js";

/** In production it comes from `masterKeyFromEnvironment(…)`, and stands in no program. */
const MASTER_KEY = { id: "example", key: Buffer.alloc(32, "an example, not a secret") };

export const openHotel = (directory: string): Promise<Runtime> =>
  openRuntime({
    directory,
    aggregates: [Guest, Booking],
    projections: [hotelView, badgesView],
    privacy: { masterKey: () => MASTER_KEY },
  });

/** Opens the service, and closes it whatever happens. */
export async function withHotel<T>(
  directory: string,
  use: (runtime: Runtime) => Promise<T>,
): Promise<T> {
  const runtime = await openHotel(directory);
  try {
    return await use(runtime);
  } finally {
    await runtime.close();
  }
}
