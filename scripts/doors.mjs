// The public doors, as package.json has them: by the name that is imported, the source file.
import { readFileSync } from "node:fs";

const { name, exports } = JSON.parse(readFileSync("package.json", "utf8"));

export const DOORS = new Map(
  Object.entries(exports)
    .filter(([, target]) => typeof target === "object")
    .map(([path, target]) => [
      `${name}${path.slice(1)}`,
      target["tidemark-source"].replace(/^\.\//, ""),
    ]),
);
