import { argmax } from './log-softmax.js';

/** Names and meanings of everything that is measured of a set; each is a mean over the set's items. */
export const metricNames = {
  exact: 'Share of items whose greedy text equals the answer, both trimmed.',
  firstTokenAccuracy: "Share of items whose most likely token after the prompt is the answer's first.",
  firstTokenLogProbability: "Log-probability of the answer's first token after the prompt, in nats.",
  choiceAccuracySum: 'Share of items whose right choice has the largest log-likelihood (items with choices).',
  choiceAccuracyPerToken: 'The same with the log-likelihood divided by the number of tokens.',
  choiceAccuracyPerByte: "The same with the log-likelihood divided by the choice's bytes in UTF-8.",
} as const;

export type MetricName = keyof typeof metricNames;

/** Log-likelihoods of an item's choices. */
export interface ScoredChoices {
  /** In nats. */
  readonly logLikelihoods: readonly number[];
  readonly tokenCounts: readonly number[];
  /** Index of the largest log-likelihood: the sum, per token, and per byte of the choice. */
  readonly best: number;
  readonly bestPerToken: number;
  readonly bestPerByte: number;
}

/** What an item was answered with: one line of predictions/*.jsonl. */
export interface Prediction {
  readonly set: string;
  readonly shots: number;
  /** Index into the set's items. */
  readonly item: number;
  /** The prompt's last characters, without demonstrations. */
  readonly prompt: string;
  readonly answer: string;
  /** Greedy text up to what ended it. */
  readonly generated?: string;
  readonly exact?: boolean;
  readonly firstTokenCorrect: boolean;
  /** In nats. */
  readonly firstTokenLogProbability: number;
  readonly choices?: readonly string[];
  readonly scored?: ScoredChoices;
}

/** Which choice wins by sum, per token and per byte. */
export function compareChoices(
  choices: readonly string[],
  logLikelihoods: readonly number[],
  tokenCounts: readonly number[],
): ScoredChoices {
  const over = (lengths: readonly number[]) => argmax(logLikelihoods.map((sum, c) => sum / Math.max(1, lengths[c])));
  return {
    logLikelihoods,
    tokenCounts,
    best: argmax(logLikelihoods),
    bestPerToken: over(tokenCounts),
    bestPerByte: over(choices.map((choice) => Buffer.byteLength(choice))),
  };
}

/** The metrics of a set's predictions; a name is there only if it was measured of at least one item. */
export function metricsOf(predictions: readonly Prediction[]): Partial<Record<MetricName, number>> {
  const metrics: Partial<Record<MetricName, number>> = {};
  const put = (name: MetricName, values: readonly (number | undefined)[]) => {
    const known = values.filter((value) => value !== undefined);
    if (known.length > 0) metrics[name] = known.reduce((a, b) => a + b, 0) / known.length;
  };
  const won = (which: 'best' | 'bestPerToken' | 'bestPerByte') =>
    predictions.map(({ scored, choices, answer }) => scored && Number(choices?.[scored[which]] === answer));
  put(
    'exact',
    predictions.map(({ exact }) => (exact === undefined ? undefined : Number(exact))),
  );
  put(
    'firstTokenAccuracy',
    predictions.map(({ firstTokenCorrect }) => Number(firstTokenCorrect)),
  );
  put(
    'firstTokenLogProbability',
    predictions.map(({ firstTokenLogProbability }) => firstTokenLogProbability),
  );
  put('choiceAccuracySum', won('best'));
  put('choiceAccuracyPerToken', won('bestPerToken'));
  put('choiceAccuracyPerByte', won('bestPerByte'));
  return metrics;
}
