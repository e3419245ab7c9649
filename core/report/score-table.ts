import type { Measurement } from '../evaluation/score-matrix.js';
import { scoreMetric, setScore } from '../evaluation/score-matrix.js';
import { wideTable } from './wide-table.js';

interface Column {
  readonly set: string;
  readonly shots: number;
}

/**
 * The scores as text tables, the Init row first; columns are the tasks, then the held-out sets, each by its numbers of shots.
 * The corner names the metric, or each column its own where there are several.
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
    return scoreText(found && setScore(found));
  };
  const measured = metricsOf(records);
  const columns = columnsOf(records, tasks).map((column) => {
    const own = records.filter(({ set, shots }) => set === column.set && shots === column.shots);
    const metric = measured.length > 1 ? `\n${metricsOf(own).join(', ')}` : '';
    return { heading: columnHeading(column) + metric, cells: rows.map((row) => score(row, column)) };
  });
  const corner = measured.length === 1 ? measured[0] : undefined;
  return wideTable({ corner, titles: rows.map((row) => titles[row]) }, columns, width);
}

/** The metrics whose values stand for the sets. */
function metricsOf(records: readonly Measurement[]): string[] {
  return [...new Set(records.flatMap((record) => scoreMetric(record) ?? []))];
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
