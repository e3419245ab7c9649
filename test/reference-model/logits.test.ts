import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { largest, logSumExp } from '../../core/evaluation/log-softmax.js';
import type { Model } from '../../core/evaluation/model.js';
import { runPrompts } from '../../core/evaluation/prompt-run.js';
import { padRows } from '../../core/text/batching.js';
import { largestDifference, noModel, openRealModel, reference, titled } from './open.js';

interface LastLogits {
  readonly top20: [number, number][];
  readonly logsumexp: number;
  readonly check_logits: number[];
}

interface Prompt extends LastLogits {
  readonly name: string;
  readonly text: string;
  readonly ids: number[];
  readonly norm_embedding: number;
  readonly norm_layer_out: number[];
  readonly norm_final: number;
}

interface LogitCases {
  readonly check_ids: number[];
  readonly prompts: Prompt[];
  readonly padded_pair: { side: 'left' | 'right'; rows: LastLogits[] }[];
}

const cases = reference<LogitCases>('logits.json');

function expectLogits(logits: Float32Array, want: LastLogits): void {
  const got = cases.check_ids.map((id) => logits[id]);
  expect(largestDifference(got, want.check_logits)).toBeLessThan(3e-4);
  expect(Math.abs(logSumExp(logits) - want.logsumexp)).toBeLessThan(3e-4);
  expect(largest(logits, 20)).toEqual(want.top20.map(([id]) => id));
  const top = want.top20.map(([, logit]) => logit);
  expect(
    largestDifference(
      want.top20.map(([id]) => logits[id]),
      top,
    ),
  ).toBeLessThan(3e-4);
}

describe.skipIf(noModel)(titled('logits of SmolLM2-135M-Instruct'), () => {
  let model: Model;
  beforeAll(async () => {
    model = await openRealModel();
  });
  afterAll(() => model.backbone.dispose());

  it.each(cases.prompts)('equal the reference at the last token of $name', ({ text, ids, ...want }) => {
    expect(model.tokenizer.encode(text)).toEqual(ids);
    const { logits } = runPrompts(model, [ids]);
    expectLogits(logits[0], want);
  });

  it.each(cases.padded_pair)('equal the reference in a batch padded on the $side', ({ side, rows }) => {
    const pair = cases.prompts.filter(({ name }) => name.startsWith('pair')).map(({ ids }) => ids);
    const { logits } = runPrompts(model, pair, { side });
    rows.forEach((want, row) => {
      expectLogits(logits[row], want);
    });
  });

  it.each(cases.prompts)('come of a residual stream of the reference norms for $name', ({ ids, ...want }) => {
    const layers = want.norm_layer_out.map((_, layer) => `model.layers.${layer}`);
    const captures = ['model.embed_tokens', ...layers, 'model.norm'];
    const norms = tf.tidy(() => {
      const result = model.backbone.forward({ batch: padRows([ids], { pad: 2 }), captures });
      return captures.map((name) => {
        const last = tf.slice(result.captures[name] as tf.Tensor3D, [0, ids.length - 1, 0], [1, 1, -1]);
        return Math.hypot(...last.dataSync());
      });
    });
    const expected = [want.norm_embedding, ...want.norm_layer_out, want.norm_final];
    const relative = norms.map((norm, i) => norm / expected[i]);
    expect(
      largestDifference(
        relative,
        expected.map(() => 1),
      ),
    ).toBeLessThan(2e-5);
  });
});
