/** One column of a table: its heading, and whether its cells are numbers (aligned to the right). */
export interface Column {
  readonly heading: string
  readonly numeric?: boolean
}

/**
 * Lays a table out for a terminal or a log: aligned columns, two spaces apart, a rule below the headings.
 *
 * @param columns the headings
 * @param rows the cells, already formatted; each row as long as `columns`
 * @returns lines joined by newlines, without one at the end
 */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ heading }, i) => Math.max(heading.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ numeric }, i) => (numeric ? (cells[i] ?? '').padStart(widths[i]!) : (cells[i] ?? '').padEnd(widths[i]!)))
      .join('  ')
      .trimEnd()
  return [
    line(columns.map((column) => column.heading)),
    widths.map((width) => '─'.repeat(width)).join('  '),
    ...rows.map(line),
  ].join('\n')
}
