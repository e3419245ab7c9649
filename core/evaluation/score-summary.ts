import type { ScoreRecord } from '../contracts/observer.js';
import { paperScores, scoreMatrix, summarizeMatrix } from './score-matrix.js';

/** A run's rows and columns. */
export interface SetNames {
  /** What was trained, in order: a row each, after Init. */
  readonly trained: readonly string[];
  /** The tasks that are scored, in the order of the benchmark. */
  readonly tasks: readonly string[];
  readonly heldOut: readonly string[];
}

/**
 * The figures of summary.json: those of the score matrix (zero-shot, else the smallest number of shots), and HP, IP, FP of
 * the last row. Null where a figure was not measured; forgetting and transfer need every task to have been trained in turn.
 */
export function scoreSummary(records: readonly ScoreRecord[], names: SetNames): Record<string, number | null> {
  const shots = Math.min(...records.map((record) => record.shots));
  const last = records.filter(({ row }) => row === names.trained.length);
  const matrix = scoreMatrix(records, names, shots);
  const inTurn = names.trained.join() === names.tasks.join();
  const figures = summarizeMatrix(matrix);
  const alone = { average: figures.average, forgetting: null, backwardTransfer: null, forwardTransfer: null };
  return { ...(inTurn ? figures : alone), ...paperScores(last, names) };
}
