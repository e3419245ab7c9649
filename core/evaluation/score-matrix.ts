import type { MetricName } from '../contracts/benchmark.js';
import type { ScoreRecord } from '../contracts/observer.js';

/**
 * Scores R [T + 1][tasks]: row 0 is Init, before any training, and row t stands right after the t-th task. Columns are the
 * tasks in training order, so that R[t][i - 1] is the score on task i, counted from 1 as in the formulas below.
 * `undefined` is a score that was not measured: means leave it out.
 */
export type ScoreMatrix = readonly (readonly (number | undefined)[])[];

/** What a score matrix says; null where the formula has no term: one task, or rows not measured. */
export interface MatrixSummary {
  /** mean_i R[T][i]. */
  readonly average: number | null;
  /** mean_{i<T} (max_{t<T} R[t][i] - R[T][i]). */
  readonly forgetting: number | null;
  /** mean_{i<T} (R[T][i] - R[i][i]). */
  readonly backwardTransfer: number | null;
  /** mean_{i>1} (R[i-1][i] - R[0][i]). */
  readonly forwardTransfer: number | null;
}

/** Mean of the values that are there; null for none. */
export function mean(values: readonly (number | undefined)[]): number | null {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

function difference(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a - b;
}

/** Task numbers from `first` to `last`, both included. */
function tasks(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, k) => first + k);
}

/** Mean final score over the tasks. */
export function averageScore(matrix: ScoreMatrix): number | null {
  return mean(matrix.at(-1) ?? []);
}

/**
 * Forgetting (Chaudhry et al. 2018, arXiv:1801.10112, as SAPT's score.py has it): how far each earlier task has fallen from
 * its best row before the last. The maximum is over rows 0 to T - 1, so Init counts: a task that the model knew best
 * before any training is forgotten too.
 */
export function forgetting(matrix: ScoreMatrix): number | null {
  const last = matrix.length - 1;
  const losses = tasks(1, last - 1).map((i) => {
    const earlier = matrix.slice(0, last).map((row) => row[i - 1]);
    if (earlier.includes(undefined)) return undefined;
    return difference(Math.max(...(earlier as number[])), matrix[last][i - 1]);
  });
  return mean(losses);
}

/** Backward transfer (Lopez-Paz & Ranzato 2017, arXiv:1706.08840, eq. 3): what later tasks did to earlier ones. */
export function backwardTransfer(matrix: ScoreMatrix): number | null {
  const last = matrix.length - 1;
  return mean(tasks(1, last - 1).map((i) => difference(matrix[last][i - 1], matrix[i][i - 1])));
}

/** Forward transfer (ibid., eq. 4, with Init for the random model): what earlier tasks did for a later one before its training. */
export function forwardTransfer(matrix: ScoreMatrix): number | null {
  const last = matrix.length - 1;
  return mean(tasks(2, last).map((i) => difference(matrix[i - 1][i - 1], matrix[0][i - 1])));
}

/** All four figures. */
export function summarizeMatrix(matrix: ScoreMatrix): MatrixSummary {
  return {
    average: averageScore(matrix),
    forgetting: forgetting(matrix),
    backwardTransfer: backwardTransfer(matrix),
    forwardTransfer: forwardTransfer(matrix),
  };
}

/** One set's measurement at one number of shots, as an observer's ScoreRecord has it. */
export type Measurement = Pick<ScoreRecord, 'row' | 'set' | 'shots' | 'metric' | 'metrics'>;

/** What tells a set's score: everything that was measured, and which of it stands for the set. */
type Measured = Pick<ScoreRecord, 'metric' | 'metrics'>;

const scores: readonly MetricName[] = ['choiceAccuracySum', 'exact', 'firstTokenAccuracy'];

/**
 * The metric that stands for a set: its own, else by likelihood sum where its items have choices, else exact, else the first
 * token.
 */
export function scoreMetric({ metric, metrics }: Measured): MetricName | undefined {
  return metric ?? scores.find((name) => metrics[name] !== undefined);
}

/** The value of that metric. */
export function setScore(measured: Measured): number | undefined {
  return measured.metrics[scoreMetric(measured) ?? ''];
}

/** R from the measurements at one number of shots (zero by default): Init and a row for each that was trained. */
export function scoreMatrix(
  records: readonly Measurement[],
  { trained, tasks }: { trained: readonly string[]; tasks: readonly string[] },
  shots = 0,
): ScoreMatrix {
  const rows = Array.from({ length: trained.length + 1 }, () =>
    new Array<number | undefined>(tasks.length).fill(undefined),
  );
  for (const record of records) {
    const { row, set, shots: n } = record;
    const column = tasks.indexOf(set);
    if (n === shots && column >= 0 && row < rows.length) rows[row][column] = setScore(record);
  }
  return rows;
}

/** The paper's three figures (section 2): held-out zero-shot (HP), held-out in-context (IP), training tasks at the end (FP). */
export interface PaperScores {
  readonly HP: number | null;
  readonly IP: number | null;
  readonly FP: number | null;
}

/**
 * HP = mean zero-shot score of the held-out sets, IP = the same with demonstrations (the largest number of shots that was
 * measured), FP = mean zero-shot score of the training tasks; from the measurements of one row, usually the last.
 * A set that was not measured at that number of shots is left out; null where none was.
 */
export function paperScores(
  row: readonly Measurement[],
  names: { heldOut: readonly string[]; tasks: readonly string[] },
): PaperScores {
  const most = Math.max(0, ...row.filter((m) => names.heldOut.includes(m.set)).map((m) => m.shots));
  const score = (sets: readonly string[], shots: number) =>
    mean(row.filter((m) => m.shots === shots && sets.includes(m.set)).map(setScore));
  return { HP: score(names.heldOut, 0), IP: most > 0 ? score(names.heldOut, most) : null, FP: score(names.tasks, 0) };
}
