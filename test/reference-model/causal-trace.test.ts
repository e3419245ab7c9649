import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelView } from '../../core/index.js';
import { modelView } from '../../core/training/additions.js';
import { tracePrompt } from '../../core/vectors/causal-trace.js';
import { effectsOf, meanEffects, topHeads } from '../../core/vectors/head-effects.js';
import { headsOf } from '../../core/vectors/heads.js';
import { readVectorFile } from '../../core/vectors/vector-file.js';
import type { LlamaBackbone } from '../../plugins/llama/backbone.js';
import { referenceFile, tooHeavy } from './methods.js';
import { largestDifference, noModel, openRealModel, reference, titled } from './open.js';

interface Traced {
  readonly top10: { layer: number; head: number; ie: number }[];
  readonly tasks: {
    readonly task: string;
    readonly ie_mean: number[][];
    readonly trials: { ids: number[]; answer_ids: number[]; p_base: number; ie: number[][] }[];
  }[];
}

const { tasks, top10 } = reference<Traced>('cma.json');
const [{ task, trials, ie_mean }] = tasks;
/** wasm computes a whole run of the model so far from the reference too: 6e-5 at a probability of 0.5. */
const tolerance = () => (tf.getBackend() === 'wasm' ? 1e-4 : 3e-5);

describe.skipIf(noModel)(titled('causal tracing of SmolLM2-135M-Instruct'), () => {
  let backbone: LlamaBackbone;
  let model: ModelView;
  let means: Float32Array;
  beforeAll(async () => {
    backbone = (await openRealModel()).backbone as LlamaBackbone;
    model = modelView(backbone);
    const file = await readVectorFile(referenceFile('cma_mean_activations.safetensors'), backbone.sizes);
    means = file.of(task, headsOf(backbone.sizes));
  });
  afterAll(() => backbone?.dispose());

  const traced = ({ ids, answer_ids }: (typeof trials)[number]) =>
    tracePrompt(model, { tokens: ids, answer: answer_ids }, { means, answer: 'first-token' });

  it('changes the probability of the answer as in the reference, head by head', () => {
    const [trial] = trials;
    const found = traced(trial);
    expect(Math.abs(Math.exp(found.plain) - trial.p_base)).toBeLessThan(tolerance());
    expect(largestDifference(effectsOf(found, 'probability'), trial.ie.flat())).toBeLessThan(tolerance());
  });

  it('finds the same ten heads in the mean over its trials', (context) => {
    if (tooHeavy()) return context.skip(tooHeavy());
    const perTrial = trials.map((trial) => effectsOf(traced(trial), 'probability'));
    const mean = meanEffects([{ task, perTrial }]);
    expect(largestDifference(mean, ie_mean.flat())).toBeLessThan(tolerance());
    const top = topHeads(mean, backbone.sizes, 10).map(([layer, head]) => ({ layer, head }));
    expect(top).toEqual(top10.map(({ layer, head }) => ({ layer, head })));
  });
});
