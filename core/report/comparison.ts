import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ScoreRecord } from '../contracts/observer.js';
import { setScore } from '../evaluation/score-matrix.js';
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
 * Runs side by side, a row each: the final score of every set that any of them measured, then the figures of the whole run.
 * @param width in characters
 */
export function comparisonTable(runs: readonly FinishedRun[], width: number): string {
  const headings = [...new Set(runs.flatMap(({ scores }) => scores.map(columnHeading)))];
  const scores = headings.map((heading) => ({
    heading,
    cells: runs.map((run) => {
      const found = run.scores.find((record) => columnHeading(record) === heading);
      return scoreText(found && setScore(found.metrics));
    }),
  }));
  const measured = figures.filter((figure) => runs.some(({ summary }) => typeof summary[figure] === 'number'));
  const summaries = measured.map((heading) => ({
    heading,
    cells: runs.map(({ summary }) => scoreText(summary[heading] as number | null)),
  }));
  return wideTable({ corner: 'at the end', titles: runs.map(({ name }) => name) }, [...scores, ...summaries], width);
}
