import * as tf from '@tensorflow/tfjs-core';
import type { ModelView } from '../contracts/model-view.js';
import { gatherRows } from '../engine/ops/gather-rows.js';
import { headSite } from './head-site.js';
import type { Head } from './heads.js';
import type { InContextPrompt } from './in-context-prompts.js';
import { eachPromptBatch } from './prompt-batches.js';

/** Mean outputs of heads over prompts. */
export interface MeanActivations {
  /** Of each head in the order asked for, [n, d_h] row-major. */
  readonly values: Float32Array;
  /** Prompts that were run. */
  readonly prompts: number;
  /** Those whose most likely next token is the right one. */
  readonly correct: number;
  /** Whether the mean is over the right ones only; else too few were right, and it is over all. */
  readonly correctOnly: boolean;
}

export interface MeanSettings {
  readonly heads: readonly Head[];
  /** Fewer right ones, or none: all prompts count. */
  readonly minCorrect: number;
  /** Any token id. */
  readonly pad: number;
}

/** What one prompt gave. */
interface Measured {
  readonly correct: boolean;
  /** [n, d_h] */
  readonly outputs: Float32Array;
}

/**
 * Mean head activation (arXiv 2406.12227, Eq. 1): the mean over N-shot prompts of the heads' outputs, before the output
 * projection, at the last prompt token; of the prompts that the model answers right, by the first token of its greedy answer.
 */
export function meanActivations(
  model: ModelView,
  prompts: readonly InContextPrompt[],
  settings: MeanSettings,
): MeanActivations {
  const measured = measure(model, prompts, settings);
  const right = measured.filter(({ correct }) => correct);
  const correctOnly = right.length >= Math.max(1, settings.minCorrect);
  const values = meanOf((correctOnly ? right : measured).map(({ outputs }) => outputs));
  return { values, prompts: measured.length, correct: right.length, correctOnly };
}

function measure(model: ModelView, prompts: readonly InContextPrompt[], { heads, pad }: MeanSettings): Measured[] {
  const captures = [...new Set(heads.map(([layer]) => headSite(model, layer)))];
  const measured: Measured[] = [];
  const tokens = prompts.map((prompt) => prompt.tokens);
  eachPromptBatch(model, tokens, { pad, captures }, (result, { rows, indices }) => {
    const answers = tf.argMax(result.logits as tf.Tensor2D, -1).dataSync();
    const bySite = new Map(captures.map((site) => [site, atPositions(result.captures[site], rows.answerStart)]));
    for (const [row, index] of indices.entries()) {
      const outputs = atHeads(model, heads, (site) => bySite.get(site) as Float32Array, row);
      measured[index] = { correct: answers[row] === prompts[index].answer[0], outputs };
    }
  });
  return measured;
}

/** The heads' outputs in a row [n, d_h]. @param of values [B, H d_h] by site */
function atHeads(
  model: ModelView,
  heads: readonly Head[],
  of: (site: string) => Float32Array,
  row: number,
): Float32Array {
  const { heads: count, headWidth } = model.sizes;
  const outputs = new Float32Array(heads.length * headWidth);
  heads.forEach(([layer, head], i) => {
    const from = (row * count + head) * headWidth;
    outputs.set(of(headSite(model, layer)).subarray(from, from + headWidth), i * headWidth);
  });
  return outputs;
}

/** An activation [B, T, H, d_h] at flat positions, [P, H d_h] row-major. */
function atPositions(activation: tf.Tensor, positions: Int32Array): Float32Array {
  const [rows, length, heads, width] = activation.shape;
  return gatherRows(tf.reshape(activation, [rows * length, heads * width]), positions).dataSync<'float32'>();
}

function meanOf(rows: readonly Float32Array[]): Float32Array {
  const sums = new Float64Array(rows[0].length);
  for (const row of rows) {
    for (let i = 0; i < sums.length; i++) sums[i] += row[i];
  }
  return Float32Array.from(sums, (sum) => sum / rows.length);
}
