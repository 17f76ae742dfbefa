/** The table of `docs/faults.md`, read back. Pure. */

/** Cells by fault and column. */
export type ShownTable = ReadonlyMap<string, ReadonlyMap<string, string>>

/** Reads the only table of a Markdown document. */
export const readTable = (markdown: string): ShownTable => {
  const [head = [], , ...rows] = markdown
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.slice(2, -2).split(' | '))
  return new Map(rows.map(([fault = '', ...cells]) => [fault, new Map(cells.map((cell, index) => [head[index + 1] ?? '', cell.trim()]))]))
}
