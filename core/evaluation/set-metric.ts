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

/** What a set's items are asked for: the likelihoods of their choices, greedy text. */
export interface Asks {
  readonly choices: boolean;
  readonly text: boolean;
}

/** What measures, and the set's own metric, ask of its items; text stands in for choices where there are none. */
export function asksOf({ items, metric }: EvaluationSet, by: readonly Measure[]): Asks {
  const all = metric === undefined ? by : [...by, measures[metric]];
  const choices = all.includes('likelihood') && items.some((item) => item.choices !== undefined);
  return { choices, text: all.includes('exact') || (all.includes('likelihood') && !choices) };
}

/** Names of the metrics that scoring a set comes to. */
export function metricsMeasured(set: EvaluationSet, by: readonly Measure[]): MetricName[] {
  const { choices, text } = asksOf(set, by);
  return (Object.keys(measures) as MetricName[]).filter((name) => {
    if (name === 'macroF1') return choices && shareChoices(set.items);
    if (measures[name] === 'exact') return text && (name === 'exact' || name === set.metric);
    return measures[name] === 'first-token' || choices;
  });
}

/** What a set would need for its own metric; undefined where nothing is lacking. */
export function lackingFor({ items, metric }: EvaluationSet): string | undefined {
  if (metric === undefined) return undefined;
  if (!Object.hasOwn(measures, metric)) return `one of ${Object.keys(metricNames).join(', ')}`;
  if (measures[metric] === 'likelihood' && !items.every(({ choices }) => choices)) return 'choices of every item';
  return metric === 'macroF1' && !shareChoices(items) ? 'one list of choices for all items' : undefined;
}
