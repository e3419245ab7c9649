import type { MetricName } from '../contracts/benchmark.js';
import { editSimilarity } from './edit-similarity.js';
import { rougeLStemmed } from './rouge-stemmed.js';
import { rougeLUnion } from './rouge-union.js';

/** Likeness of a greedy text and the answer, 0 to 1, by the metric's name. */
const textMetrics = { rougeLUnion, rougeLStemmed, editSimilarity } satisfies Partial<
  Record<MetricName, (text: string, answer: string) => number>
>;

export type TextMetric = keyof typeof textMetrics;

export const textMetricNames = Object.keys(textMetrics) as TextMetric[];

/** How an item's greedy text compares with its answer. */
export interface TextComparison extends Partial<Readonly<Record<TextMetric, number>>> {
  readonly exact?: boolean;
}

/** Compares a greedy text with the answer, both trimmed: whether equal, and by the set's metric where that is one of text. */
export function compareTexts(text: string, answer: string, metric?: MetricName): TextComparison {
  const [ours, theirs] = [text.trim(), answer.trim()];
  const own = textMetricNames.find((name) => name === metric);
  return { exact: ours === theirs, ...(own && { [own]: textMetrics[own](ours, theirs) }) };
}
