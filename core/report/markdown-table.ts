/** A Markdown table, without a line break at its end. Pipes in cells are escaped; undefined is an empty cell. */
export function markdownTable(
  columns: readonly string[],
  rows: readonly (readonly (string | number | undefined)[])[],
): string {
  const line = (cells: (typeof rows)[number]) => `| ${cells.map(escaped).join(' | ')} |`;
  return [columns, columns.map(() => '---'), ...rows].map(line).join('\n');
}

function escaped(cell: string | number | undefined): string {
  return String(cell ?? '').replaceAll('|', '\\|');
}
