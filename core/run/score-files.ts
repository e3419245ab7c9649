import type { ScoreRecord } from '../contracts/observer.js';
import { paperScores, scoreMatrix, summarizeMatrix } from '../evaluation/score-matrix.js';

/** The run's columns. */
export interface SetNames {
  readonly tasks: readonly string[];
  readonly heldOut: readonly string[];
}

/** One metric at one number of shots: a row for Init and for each task, a column for each set; null where not measured. */
interface MetricTable {
  readonly shots: number;
  readonly metric: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly values: readonly (readonly (number | null)[])[];
}

/** scores.json: every metric as a table, and the records that it is made of. */
export function scoresFile(records: readonly ScoreRecord[], { tasks, heldOut }: SetNames): object {
  const rows = ['Init', ...tasks];
  const sets = [...tasks, ...heldOut];
  const shotCounts = [...new Set(records.map(({ shots }) => shots))].sort((a, b) => a - b);
  const metrics = [...new Set(records.flatMap((record) => Object.keys(record.metrics)))];
  const tables = shotCounts.flatMap((shots) =>
    metrics.flatMap((metric): MetricTable[] => {
      const measured = records.filter((record) => record.shots === shots && metric in record.metrics);
      const columns = sets.filter((set) => measured.some((record) => record.set === set));
      const value = (row: number, set: string) =>
        measured.find((record) => record.row === row && record.set === set)?.metrics[metric] ?? null;
      const values = rows.map((_, row) => columns.map((set) => value(row, set)));
      return columns.length === 0 ? [] : [{ shots, metric, rows, columns, values }];
    }),
  );
  return { rows, tasks, heldOut, tables, records };
}

/**
 * The figures of summary.json: those of the score matrix (zero-shot, else the smallest number of shots), and HP, IP, FP of
 * the last row. Null where a figure was not measured.
 */
export function scoreSummary(records: readonly ScoreRecord[], names: SetNames): Record<string, number | null> {
  const shots = Math.min(...records.map((record) => record.shots));
  const last = records.filter(({ row }) => row === names.tasks.length);
  return { ...summarizeMatrix(scoreMatrix(records, names.tasks, shots)), ...paperScores(last, names) };
}
