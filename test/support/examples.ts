/** Starts compiled examples as processes of their own. */
import { spawn } from "node:child_process";

export interface Ended {
  readonly output: string;
  readonly code: number | null;
}

/** @param killWhen - Asked with the output so far, each time there is more; true kills the process with SIGKILL. */
export function runExample(
  name: string,
  args: readonly string[],
  killWhen: (output: string) => boolean = () => false,
): Promise<Ended> {
  const child = spawn(process.execPath, [`dist/examples/${name}/main.js`, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const take = (chunk: Buffer) => {
    output += chunk.toString();
    if (killWhen(output)) child.kill("SIGKILL");
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  return new Promise((resolve) => child.on("close", (code) => resolve({ output, code })));
}
