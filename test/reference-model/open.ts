import { readFileSync } from 'node:fs';
import type { Model } from '../../core/evaluation/model.js';
import { openTokenizer } from '../../core/text/tokenizer.js';
import { openWeights } from '../../core/weights/open.js';
import { LlamaBackbone } from '../../plugins/llama/backbone.js';
import { realModel } from '../real-model.js';

/** Why tests on the real model are left out; undefined where it is there. */
export const noModel = realModel()
  ? undefined
  : 'needs the model: run `palimpsest model pull smollm2-135m-instruct` first';

/** A title that says why its tests are left out, if they are. */
export function titled(title: string): string {
  return noModel ? `${title} (skipped: ${noModel})` : title;
}

/** SmolLM2-135M-Instruct on the engine of the tests; the caller disposes the backbone. */
export async function openRealModel(): Promise<Model> {
  const files = realModel();
  if (!files) throw new Error(noModel);
  const source = await openWeights(files);
  const backbone = new LlamaBackbone(source, { recompute: 'auto' });
  await backbone.load();
  await source.close();
  return { backbone, tokenizer: await openTokenizer(files) };
}

/** A file of reference values made by another implementation. */
export function reference<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../reference/${name}`, import.meta.url), 'utf8')) as T;
}

/** max |got - want|. */
export function largestDifference(got: ArrayLike<number>, want: ArrayLike<number>): number {
  if (got.length !== want.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < want.length; i++) largest = Math.max(largest, Math.abs(got[i] - want[i]));
  return largest;
}

/** max |got / want - 1|. */
export function largestRatioError(got: ArrayLike<number>, want: ArrayLike<number>): number {
  const ratios = Array.from(got, (value, i) => value / want[i]);
  return largestDifference(ratios, new Array(want.length).fill(1));
}
