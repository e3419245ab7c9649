import type { MetricName } from '../contracts/benchmark.js';
import { argmax } from './log-softmax.js';
import { macroF1, shareChoices } from './macro-f1.js';
import { type TextComparison, textMetricNames } from './text-metrics.js';

/** Names and meanings of all that is measured of a set: means over its items, but `macroF1`, which is one of the set. */
export const metricNames = {
  exact: 'Share of items whose greedy text equals the answer, both trimmed.',
  rougeLUnion:
    "ROUGE-L of greedy text and answer as PyPI's rouge 1.0.1 and TRACE have it: F of distinct words, union over sentences.",
  rougeLStemmed: "ROUGE-L of greedy text and answer as Google's rouge_score has it: F1 of Porter stems, one sequence.",
  editSimilarity:
    "Similarity of greedy code and answer as TRACE has it for Py150: fuzzywuzzy's ratio by python-Levenshtein, 0 to 1.",
  firstTokenAccuracy: "Share of items whose most likely token after the prompt is the answer's first.",
  firstTokenLogProbability: "Log-probability of the answer's first token after the prompt, in nats.",
  choiceAccuracySum: 'Share of items whose right choice has the largest log-likelihood (items with choices).',
  choiceAccuracyPerToken: 'The same with the log-likelihood divided by the number of tokens.',
  choiceAccuracyPerByte: "The same with the log-likelihood divided by the choice's bytes in UTF-8.",
  macroF1:
    'F1 of every label, by the largest log-likelihood, averaged over labels alike (items that share one list of choices).',
} as const satisfies Record<MetricName, string>;

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
export interface Prediction extends TextComparison {
  readonly set: string;
  readonly shots: number;
  /** Index into the set's items. */
  readonly item: number;
  /** The prompt's last characters, without demonstrations. */
  readonly prompt: string;
  readonly answer: string;
  /** Greedy text up to what ended it. */
  readonly generated?: string;
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
  const won = (which: Winner) =>
    predictions.map((prediction) => prediction.scored && Number(chosen(prediction, which) === prediction.answer));
  put(
    'exact',
    predictions.map(({ exact }) => (exact === undefined ? undefined : Number(exact))),
  );
  for (const name of textMetricNames) {
    put(
      name,
      predictions.map((prediction) => prediction[name]),
    );
  }
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
  if (shareChoices(predictions)) {
    const answers = predictions.map(({ answer }) => answer);
    const given = predictions.map((prediction) => chosen(prediction, 'best') as string);
    metrics.macroF1 = macroF1(answers, given);
  }
  return metrics;
}

type Winner = 'best' | 'bestPerToken' | 'bestPerByte';

function chosen({ choices, scored }: Prediction, which: Winner): string | undefined {
  return scored && choices?.[scored[which]];
}
