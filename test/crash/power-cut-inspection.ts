/** Looks at crash images one after the other, each in a directory of its own; used by the children that inspect. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { acknowledgementsIn } from "./crash-journal.js";
import { inspectEach } from "./inspection.js";
import { crashImages, readRecording, writeImage, type PowerCuts } from "./power-cut.js";

export interface ImageTask extends PowerCuts {
  readonly recording: string;
  /** What stands beside the data files and is copied as it is; "" for nothing. */
  readonly manifest: string;
  /** A directory to work in. */
  readonly scratch: string;
}

export function inspectImages(
  inspect: (
    directory: string,
    acknowledged: ReadonlyMap<number, number>,
  ) => Promise<readonly string[]>,
): Promise<void> {
  return inspectEach<ImageTask>(async function* (task, slice) {
    mkdirSync(task.scratch, { recursive: true });
    const recording = readRecording(task.recording);
    for (const image of crashImages(recording, task, slice)) {
      const directory = mkdtempSync(join(task.scratch, "image-"));
      writeImage(image, directory);
      if (existsSync(task.manifest)) copyFileSync(task.manifest, join(directory, "manifest.json"));
      const problems = await inspect(directory, acknowledgementsIn(image.acknowledged));
      yield problems.map(
        (problem) => `image ${image.index}, cut at ${image.cut} of ${recording.length}: ${problem}`,
      );
      rmSync(directory, { recursive: true, force: true });
    }
  });
}
