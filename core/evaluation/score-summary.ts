import type { ScoreRecord } from '../contracts/observer.js';
import { paperScores, scoreMatrix, summarizeMatrix } from './score-matrix.js';

/** The run's columns. */
export interface SetNames {
  readonly tasks: readonly string[];
  readonly heldOut: readonly string[];
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
