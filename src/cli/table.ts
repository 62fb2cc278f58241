/** Rows in columns that fit the terminal. Where there is none nothing is cut: a program reads them. */
import Table from "cli-table3";
import { Rendered } from "./output.js";
import type { Shell, Style } from "./shell.js";
import { safe } from "./text.js";

/** Text that may come from anywhere, and how it is shown. */
export type Cell = string | { readonly text: string; readonly style: Style };

interface Column {
  readonly title: string;
  readonly align?: "right";
}

const GAP = 2;
/** A column isn't made narrower than that, unless it was already. */
const WIDTH_MIN = 8;
const LINES = ["top", "bottom", "left", "right", "mid"];
const ENDS = ["", "-mid", "-left", "-right"];
const NONE: Readonly<Record<string, string>> = {
  ...Object.fromEntries(LINES.flatMap((line) => ENDS.map((end) => [`${line}${end}`, ""]))),
  "mid-mid": "",
  middle: "",
};
const PLAIN = { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 0 };

/** @param columns - Their titles; one that begins with `>` is of numbers, and stands at the right. */
export function table(
  shell: Shell,
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
): Rendered {
  return new TableWriter(shell, columns).add(rows);
}

/** A table of which more rows come later: its columns stay as the first rows wanted them. */
export class TableWriter {
  readonly #shell: Shell;
  readonly #columns: readonly Column[];
  #widths: number[] | undefined;

  constructor(shell: Shell, columns: readonly string[]) {
    this.#shell = shell;
    this.#columns = columns.map((title) =>
      title.startsWith(">") ? { title: title.slice(1), align: "right" } : { title },
    );
  }

  /** With the titles above the first ones. */
  add(rows: readonly (readonly Cell[])[]): Rendered {
    const texts = rows.map((row) => row.map((cell) => safe(textOf(cell))));
    const heads = this.#widths === undefined ? [this.#columns.map(({ title }) => title)] : [];
    const widths = (this.#widths ??= this.#fitting([...heads, ...texts]));
    const titles = heads.map((head) => head.map((title) => this.#shell.styled("bold", title)));
    const cells = texts.map((row, at) =>
      row.map((text, index) => this.#styled(text, rows[at]?.[index])),
    );
    const drawn = new Table({
      chars: NONE,
      style: { ...PLAIN, "padding-right": GAP },
      colWidths: widths.map((width) => width + GAP),
      colAligns: this.#columns.map(({ align }) => align ?? "left"),
    });
    drawn.push(...titles, ...cells);
    const lines = drawn.toString().split("\n");
    return new Rendered(lines.map((line) => line.trimEnd()).join("\n"));
  }

  #styled(text: string, cell: Cell | undefined): string {
    return cell === undefined || typeof cell === "string"
      ? text
      : this.#shell.styled(cell.style, text);
  }

  /** As wide as their texts; where that is too much, the widest ones give way. */
  #fitting(rows: readonly (readonly string[])[]): number[] {
    const widths = this.#columns.map((_, index) => widthOf(rows.map((row) => row[index] ?? "")));
    const columns = this.#shell.columns;
    if (columns === undefined) return widths;
    const room = columns - GAP * (widths.length - 1);
    for (let over = total(widths) - room; over > 0; over--) {
      const widest = widths.indexOf(Math.max(...widths));
      const width = widths[widest] ?? 0;
      if (width <= WIDTH_MIN) break;
      widths[widest] = width - 1;
    }
    return widths;
  }
}

/** The line above a column is as long as the column is wide on a terminal, whatever its letters. */
function widthOf(texts: readonly string[]): number {
  const measured = new Table({ chars: { ...NONE, top: "-" }, style: PLAIN });
  measured.push(...texts.map((text) => [text]));
  return Math.max(1, measured.width);
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0);
}

function textOf(cell: Cell): string {
  return typeof cell === "string" ? cell : cell.text;
}
