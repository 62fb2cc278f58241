/** Where the index of the instances of all sagas is. */
import { DeliveryRows } from "../src/delivery/index.js";

export const SAGA_ROWS = new DeliveryRows("sagas");
