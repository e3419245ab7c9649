import type { Measurement } from '../evaluation/score-matrix.js';
import { setScore } from '../evaluation/score-matrix.js';
import { wideTable } from './wide-table.js';

interface Column {
  readonly set: string;
  readonly shots: number;
}

/**
 * The scores as text tables, the Init row first; columns are the tasks, then the held-out sets, each by its numbers of shots.
 * @param width in characters
 */
export function scoreTable(
  records: readonly Measurement[],
  { trained, tasks }: { trained: readonly string[]; tasks: readonly string[] },
  width: number,
): string {
  const titles = ['Init', ...trained.map((task) => `after ${task}`)];
  const rows = titles.map((_, row) => row).filter((row) => records.some((record) => record.row === row));
  const score = (row: number, { set, shots }: Column) => {
    const found = records.find((record) => record.row === row && record.set === set && record.shots === shots);
    return scoreText(found && setScore(found.metrics));
  };
  const columns = columnsOf(records, tasks).map((column) => ({
    heading: columnHeading(column),
    cells: rows.map((row) => score(row, column)),
  }));
  return wideTable({ titles: rows.map((row) => titles[row]) }, columns, width);
}

/** A set's name, and its shots on a second line. */
export function columnHeading({ set, shots }: Column): string {
  return shots === 0 ? set : `${set}\n${shots}-shot`;
}

/** Two decimals, a dash where nothing was measured. */
export function scoreText(score: number | null | undefined): string {
  return score?.toFixed(2) ?? '-';
}

function columnsOf(records: readonly Measurement[], tasks: readonly string[]): Column[] {
  const sets = [...new Set(records.map(({ set }) => set))];
  const ordered = [...sets.filter((set) => tasks.includes(set)), ...sets.filter((set) => !tasks.includes(set))];
  return ordered.flatMap((set) => {
    const shots = new Set(records.filter((record) => record.set === set).map((record) => record.shots));
    return [...shots].sort((a, b) => a - b).map((count) => ({ set, shots: count }));
  });
}
