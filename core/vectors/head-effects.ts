import type { RandomStream } from '../training/random.js';
import type { TracedPrompt } from './causal-trace.js';
import { type Head, headsOf } from './heads.js';

/** In what a head's effect is measured: the change of the answer's probability, or of its logarithm in nats. */
export type EffectMeasure = 'probability' | 'log-probability';

/** Causal effects of all heads on one task's prompts, [L * H] each. */
export interface TaskEffects {
  readonly task: string;
  /** At least one. */
  readonly perTrial: readonly Float64Array[];
}

/** A head and its mean effect. */
export type RankedHead = readonly [layer: number, head: number, effect: number];

/** Bounds of every head's mean effect [L * H]. */
export interface EffectInterval {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

export interface BootstrapSettings {
  readonly resamples: number;
  /** Share of the resampled means between the bounds, for example 0.95. */
  readonly level: number;
  readonly stream: RandomStream;
}

/** What the replacement of each head changed [L * H] (Todd et al. 2024, causal indirect effect). */
export function effectsOf({ plain, replaced }: TracedPrompt, measure: EffectMeasure): Float64Array {
  if (measure === 'log-probability') return replaced.map((value) => value - plain);
  return replaced.map((value) => Math.exp(value) - Math.exp(plain));
}

/** Average indirect effect: the mean over each task's trials, then over tasks [L * H]. */
export function meanEffects(tasks: readonly TaskEffects[]): Float64Array {
  return meanOf(tasks.map(({ perTrial }) => meanOf(perTrial)));
}

/** A percentile bootstrap of the average indirect effect: trials are drawn with replacement within each task. */
export function bootstrapInterval(
  tasks: readonly TaskEffects[],
  { resamples, level, stream }: BootstrapSettings,
): EffectInterval {
  const drawn = Array.from({ length: resamples }, () =>
    meanOf(tasks.map(({ perTrial }) => meanOf(perTrial.map(() => perTrial[stream.below(perTrial.length)])))),
  );
  const heads = tasks[0].perTrial[0].length;
  const [low, high] = [new Float64Array(heads), new Float64Array(heads)];
  for (let head = 0; head < heads; head++) {
    const sorted = Float64Array.from(drawn, (means) => means[head]).sort();
    low[head] = quantile(sorted, (1 - level) / 2);
    high[head] = quantile(sorted, (1 + level) / 2);
  }
  return { low, high };
}

/** The k heads of the largest effect, the largest first; of equals the one that comes first in the model. */
export function topHeads(
  effects: Float64Array,
  sizes: { readonly layers: number; readonly heads: number },
  k: number,
): RankedHead[] {
  const heads: readonly Head[] = headsOf(sizes);
  const order = heads.map((_, i) => i).sort((a, b) => effects[b] - effects[a] || a - b);
  return order.slice(0, k).map((i) => [...heads[i], effects[i]]);
}

function meanOf(rows: readonly Float64Array[]): Float64Array {
  const mean = new Float64Array(rows[0].length);
  for (const row of rows) {
    for (let i = 0; i < mean.length; i++) mean[i] += row[i] / rows.length;
  }
  return mean;
}

/** Linear interpolation between the closest ranks of ascending values. */
function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const next = sorted[Math.min(below + 1, sorted.length - 1)];
  return sorted[below] + (at - below) * (next - sorted[below]);
}
