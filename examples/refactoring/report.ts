/** Figures, and lines of a name and a text, the texts below one another. */
export const count = (value: number): string => value.toLocaleString("en");

export function lines(rows: readonly (readonly [name: string, text: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, text]) => `  ${name.padEnd(width)}${text}`).join("\n");
}
