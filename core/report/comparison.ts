import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ScoreRecord } from '../contracts/observer.js';
import { scoreMetric, setScore } from '../evaluation/score-matrix.js';
import { columnHeading, scoreText } from './score-table.js';
import { wideTable } from './wide-table.js';

/** A run that is over, as its directory tells of it. */
export interface FinishedRun {
  readonly name: string;
  /** Scores of the last row. */
  readonly scores: readonly ScoreRecord[];
  readonly summary: Readonly<Record<string, unknown>>;
}

/** Figures of a summary that are compared. */
const figures = ['HP', 'IP', 'FP', 'forgetting'];

/** @param folder its directory @param name what the table calls it */
export function readFinishedRun(folder: string, name: string): FinishedRun {
  const read = (file: string) => JSON.parse(readFileSync(path.join(folder, file), 'utf8'));
  const { rows, records } = read('scores.json') as { rows: string[]; records: ScoreRecord[] };
  return { name, scores: records.filter(({ row }) => row === rows.length - 1), summary: read('summary.json') };
}

/**
 * Runs side by side, a row each: the final score of every set that any of them measured, a column for each metric that stands
 * for it, then the figures of the whole run.
 * @param width in characters
 */
export function comparisonTable(runs: readonly FinishedRun[], width: number): string {
  const headingOf = headings(runs.flatMap(({ scores }) => scores));
  const columns = [...new Set(runs.flatMap(({ scores }) => scores.map(headingOf)))];
  const scores = columns.map((heading) => ({
    heading,
    cells: runs.map((run) => {
      const found = run.scores.find((record) => headingOf(record) === heading);
      return scoreText(found && setScore(found));
    }),
  }));
  const measured = figures.filter((figure) => runs.some(({ summary }) => typeof summary[figure] === 'number'));
  const summaries = measured.map((heading) => ({
    heading,
    cells: runs.map(({ summary }) => scoreText(summary[heading] as number | null)),
  }));
  return wideTable({ corner: 'at the end', titles: runs.map(({ name }) => name) }, [...scores, ...summaries], width);
}

/** What heads a score's column: set and shots, and the metric where runs score the set by several. */
function headings(records: readonly ScoreRecord[]): (record: ScoreRecord) => string {
  return (record) => {
    const heading = columnHeading(record);
    const metrics = new Set(records.filter((other) => columnHeading(other) === heading).map(scoreMetric));
    return metrics.size > 1 ? `${heading}\n${scoreMetric(record)}` : heading;
  };
}
