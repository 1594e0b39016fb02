/**
 * Lines of a table, columns aligned: numbers to the right, text to the left.
 *
 * @param head titles of the columns
 * @param rows cells; a number is written with separators
 */
export function tableLines(head: readonly string[], rows: readonly (readonly (string | number)[])[]): readonly string[] {
  const text = rows.map((row) => row.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en') : cell)))
  const widths = head.map((title, column) => Math.max(title.length, ...text.map((row) => row[column]!.length)))
  const right = head.map((_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (right[column] === true ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd()
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...text.map(line)]
}
