import Table from 'cli-table3';
import type { Measurement } from '../evaluation/score-matrix.js';
import { setScore } from '../evaluation/score-matrix.js';

interface Column {
  readonly set: string;
  readonly shots: number;
}

/**
 * The scores as text tables, the Init row first; columns are the tasks, then the held-out sets, each by its numbers of shots.
 * Columns that do not fit the width go into a further table.
 * @param width in characters
 */
export function scoreTable(records: readonly Measurement[], tasks: readonly string[], width: number): string {
  const columns = columnsOf(records, tasks);
  const titles = ['Init', ...tasks.map((task) => `after ${task}`)];
  const rows = titles.map((_, row) => row).filter((row) => records.some((record) => record.row === row));
  const value = (row: number, { set, shots }: Column) => {
    const found = records.find((record) => record.row === row && record.set === set && record.shots === shots);
    return (found && setScore(found.metrics))?.toFixed(2) ?? '-';
  };
  const first = Math.max(...titles.map((title) => title.length));
  return parts(columns, width - first - 4)
    .map((part) => {
      const table = new Table({ head: ['', ...part.map(heading)], style: { head: [], border: [] } });
      for (const row of rows) table.push([titles[row], ...part.map((column) => value(row, column))]);
      return table.toString();
    })
    .join('\n');
}

function heading({ set, shots }: Column): string {
  return shots === 0 ? set : `${set}\n${shots}-shot`;
}

function columnsOf(records: readonly Measurement[], tasks: readonly string[]): Column[] {
  const sets = [...new Set(records.map(({ set }) => set))];
  const ordered = [...sets.filter((set) => tasks.includes(set)), ...sets.filter((set) => !tasks.includes(set))];
  return ordered.flatMap((set) => {
    const shots = new Set(records.filter((record) => record.set === set).map((record) => record.shots));
    return [...shots].sort((a, b) => a - b).map((count) => ({ set, shots: count }));
  });
}

/** Columns in groups of at most `room` characters, at least one column each. */
function parts(columns: readonly Column[], room: number): Column[][] {
  const groups: Column[][] = [[]];
  let used = 0;
  for (const column of columns) {
    const wide =
      Math.max(
        ...heading(column)
          .split('\n')
          .map((line) => line.length),
        4,
      ) + 3;
    if (used + wide > room && used > 0) {
      groups.push([]);
      used = 0;
    }
    groups[groups.length - 1].push(column);
    used += wide;
  }
  return groups;
}
