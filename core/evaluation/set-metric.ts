import type { EvaluationSet, MetricName } from '../contracts/benchmark.js';
import { shareChoices } from './macro-f1.js';
import { metricNames } from './metrics.js';

/** What can be measured. The first-token metrics come of the prompt's own run and are there always. */
export type Measure = 'likelihood' | 'exact' | 'first-token';

/** How each metric is measured: `exact` has the greedy text. */
const measures: Readonly<Record<MetricName, Measure>> = {
  exact: 'exact',
  rougeLUnion: 'exact',
  rougeLStemmed: 'exact',
  editSimilarity: 'exact',
  firstTokenAccuracy: 'first-token',
  firstTokenLogProbability: 'first-token',
  choiceAccuracySum: 'likelihood',
  choiceAccuracyPerToken: 'likelihood',
  choiceAccuracyPerByte: 'likelihood',
  macroF1: 'likelihood',
};

/** What is measured of a set: what is asked for, and what its own metric needs. */
export function measuresOf({ metric }: EvaluationSet, by: readonly Measure[]): readonly Measure[] {
  return metric === undefined ? by : [...by, measures[metric]];
}

/** What a set would need for its own metric; undefined where nothing is lacking. */
export function lackingFor({ items, metric }: EvaluationSet): string | undefined {
  if (metric === undefined) return undefined;
  if (!Object.hasOwn(measures, metric)) return `one of ${Object.keys(metricNames).join(', ')}`;
  if (measures[metric] === 'likelihood' && !items.every(({ choices }) => choices)) return 'choices of every item';
  return metric === 'macroF1' && !shareChoices(items) ? 'one list of choices for all items' : undefined;
}
