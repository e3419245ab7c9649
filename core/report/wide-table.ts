import Table from 'cli-table3';

/** A column: its heading, which may have lines, and a cell for each row. */
export interface TableColumn {
  readonly heading: string;
  readonly cells: readonly string[];
}

/** A table whose rows bear titles as text; columns that do not fit the width in characters go into further tables. */
export function wideTable(
  { corner = '', titles }: { corner?: string; titles: readonly string[] },
  columns: readonly TableColumn[],
  width: number,
): string {
  const first = Math.max(...[corner, ...titles].map((title) => title.length));
  return grouped(columns, width - first - 4)
    .map((group) => {
      const table = new Table({
        head: [corner, ...group.map(({ heading }) => heading)],
        style: { head: [], border: [] },
      });
      titles.forEach((title, row) => {
        table.push([title, ...group.map(({ cells }) => cells[row])]);
      });
      return table.toString();
    })
    .join('\n');
}

/** Columns in groups of at most `room` characters, at least one column each. */
function grouped(columns: readonly TableColumn[], room: number): TableColumn[][] {
  const groups: TableColumn[][] = [[]];
  let used = 0;
  for (const column of columns) {
    const lines = [...column.heading.split('\n'), ...column.cells];
    const wide = Math.max(...lines.map((line) => line.length)) + 3;
    if (used + wide > room && used > 0) {
      groups.push([]);
      used = 0;
    }
    groups[groups.length - 1].push(column);
    used += wide;
  }
  return groups;
}
