/**
 * Before all tests: installs `nats-server` on Debian where it is missing, if this is root. Once, since test files run side by side
 * and would fight for the lock of the package manager. Where that fails, the tests that need it fail, and say how to install it.
 */
import { NATS_SERVER, natsProgram } from "../../src/testing/nats-program.js";
import { installByApt } from "./apt.js";

export default function setup(): void {
  if (natsProgram() === undefined) installByApt(NATS_SERVER);
}
