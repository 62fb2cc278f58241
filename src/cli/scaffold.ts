/** A new project from a folder of templates. Nothing that is there is ever overwritten. */
import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

export interface ScaffoldOptions {
  /** A folder of templates. */
  readonly from: string;
  /** Where the project goes; made where it isn't there. */
  readonly directory: string;
  /** The name of its package. */
  readonly name: string;
  /** What its package asks for as `tidemark`. */
  readonly tidemark: string;
}

interface NewFile {
  /** Within the project. */
  readonly path: string;
  readonly text: string;
}

/** What these names mean to npm, git and the compiler they shall not mean where the templates lie. */
const REAL_NAMES: Readonly<Record<string, string>> = {
  _gitignore: ".gitignore",
  "_package.json": "package.json",
  "_tsconfig.json": "tsconfig.json",
};
const PLACEHOLDER = "replaced-by-init";

/**
 * Writes a project, or nothing.
 *
 * @returns The paths of its files, within the project.
 * @throws Error - Something is in the way, named in the message; or the disk refused, and then no file of it is left.
 */
export function scaffold(options: ScaffoldOptions): string[] {
  const { directory } = options;
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() === false)
    throw new Error(`${directory} is a file; nothing was written: name a folder`);
  const files = filesOf(options);
  const inTheWay = obstacles(directory, files);
  if (inTheWay.length > 0)
    throw new Error(
      `${directory} already has ${inTheWay.join(", ")}; nothing was written: move that away, or name another folder`,
    );
  const made: string[] = [];
  try {
    for (const { path, text } of files) {
      const target = join(directory, path);
      mkdirSync(dirname(target), { recursive: true });
      // Exclusive: what somebody put there since the look above stays, too.
      const file = openSync(target, "wx");
      made.push(path);
      try {
        writeFileSync(file, text);
      } finally {
        closeSync(file);
      }
    }
  } catch (error) {
    for (const path of made) rmSync(join(directory, path));
    throw error;
  }
  return made;
}

function filesOf({ from, name, tidemark }: ScaffoldOptions): NewFile[] {
  return templatePaths(from).map((path) => {
    const text = readFileSync(join(from, path), "utf8");
    if (path === "_package.json")
      return { path: REAL_NAMES[path] ?? path, text: packageFile(text, name, tidemark) };
    return { path: REAL_NAMES[path] ?? path, text: text.replaceAll(PLACEHOLDER, () => name) };
  });
}

function templatePaths(from: string): string[] {
  return readdirSync(from, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(from.length + 1))
    .sort();
}

function packageFile(template: string, name: string, tidemark: string): string {
  const parsed = JSON.parse(template) as { dependencies: Record<string, string> };
  const made = { ...parsed, name, dependencies: { ...parsed.dependencies, tidemark } };
  return `${JSON.stringify(made, null, 2)}\n`;
}

/** What stands where a file shall be, and what stands as a file where a folder shall be. */
function obstacles(directory: string, files: readonly NewFile[]): string[] {
  const found = new Set<string>();
  for (const { path } of files) {
    const obstacle = foldersOf(path).find((folder) => kindOf(join(directory, folder)) === "file");
    if (obstacle !== undefined) found.add(obstacle);
    else if (kindOf(join(directory, path)) !== "nothing") found.add(path);
  }
  return [...found];
}

/** Outermost first. */
function foldersOf(path: string): string[] {
  const folder = dirname(path);
  return folder === "." ? [] : [...foldersOf(folder), folder];
}

/** A link counts as a file wherever it leads: what is behind it isn't ours to write to. */
function kindOf(path: string): "nothing" | "file" | "folder" {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return "nothing";
  return stats.isDirectory() ? "folder" : "file";
}
