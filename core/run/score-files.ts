import type { ScoreRecord } from '../contracts/observer.js';
import type { SetNames } from '../evaluation/score-summary.js';

/** One metric at one number of shots: a row for Init and for each task, a column for each set; null where not measured. */
interface MetricTable {
  readonly shots: number;
  readonly metric: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly values: readonly (readonly (number | null)[])[];
}

/** scores.json: every metric as a table, and the records that it is made of. */
export function scoresFile(records: readonly ScoreRecord[], { trained, tasks, heldOut }: SetNames): object {
  const rows = ['Init', ...trained];
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
