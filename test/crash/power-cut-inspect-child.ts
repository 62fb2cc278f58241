/** Inspects crash images of a journal. Usage: see inspection.ts */
import { inspectAt } from "./crash-journal.js";
import { inspectImages } from "./power-cut-inspection.js";

await inspectImages(async (directory, acknowledged) => {
  const { problems } = await inspectAt(directory, acknowledged);
  return problems;
});
