import type * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MicroPosition } from '../../core/contracts/moments.js';
import type { PassResult } from '../../core/contracts/passes.js';
import { klDivergence } from '../../core/engine/ops/kl-divergence.js';
import { expectClose } from '../../core/testing/index.js';
import type { IncLora } from '../../plugins/inc-lora/adapter.js';
import type { LlamaBackbone } from '../../plugins/llama/backbone.js';
import {
  batchOf,
  crossEntropyOf,
  examplesOf,
  loraAt,
  momentOf,
  placesOf,
  type ReferenceBatch,
  stepOver,
  tooHeavy,
} from './methods.js';
import { largestRatioError, noModel, openRealModel, reference, titled } from './open.js';
import { ivgIn, ivKlIn } from './vectors.js';

interface Divergences {
  readonly start_kl_iv_zero: number[];
  readonly start_kl_zero_iv: number[];
  readonly start_kl_iv_zero_mean: number;
  readonly start_kl_zero_iv_mean: number;
  readonly answer_kl_iv_zero_mean: number;
  readonly answer_kl_zero_iv_mean: number;
  readonly answer_kl_iv_zero: number[];
  readonly answer_kl_zero_iv: number[];
  readonly fvforgetting_kl1_start_batchmean: number;
  readonly fvforgetting_kl2_all_positions_batchmean: number;
}

interface GuidedStep {
  readonly ce: number;
  readonly kl_iv_zero: number;
  readonly loss: number;
  readonly grad_norm: number;
  readonly grad_norm_per_layer: number[];
}

interface IvKlFile {
  readonly batch: ReferenceBatch;
  readonly mean_activations: string;
  readonly answer_start_positions: number[];
  readonly answer_positions: [number, number][];
  readonly cases: Record<string, Record<'1.0' | '2.0', Divergences>>;
  readonly eq3_loss: Record<'s0' | 's0.5_start' | 's1_start' | 's1_all_answer_positions' | 'base_s0', number>;
  readonly ivg_step: Record<'iv_side_detached' | 'both_sides_differentiated', GuidedStep>;
}

const { batch, mean_activations, cases, eq3_loss, ivg_step, ...file } = reference<IvKlFile>('ivkl.json');
const examples = examplesOf(batch);
const rows = batchOf(examples);
const strengths = [
  { strength: 1, want: cases.self_heads_s1_start },
  { strength: 0.5, want: cases['self_heads_s0.5_start'] },
];

/** Absolute, of divergences and losses in nats. */
const TOLERANCE = 3e-4;
/** Relative, of gradient norms. */
const GRADIENT_TOLERANCE = 5e-4;

describe.skipIf(noModel)(titled('ivg and iv-kl while an adapter of SmolLM2-135M-Instruct trains'), () => {
  let backbone: LlamaBackbone;
  let adapter: IncLora;
  beforeAll(async () => {
    if (tooHeavy()) return;
    backbone = (await openRealModel()).backbone as LlamaBackbone;
    adapter = await loraAt(backbone, 'final_main');
  });
  afterAll(() => {
    adapter?.dispose();
    backbone?.dispose();
  });

  const moment = () => momentOf({ backbone, adapter }, examples, { name: mean_activations });
  const ivKl = (options: object) => ivKlIn(backbone, moment(), options);
  const ivg = (options: object) => ivgIn(backbone, moment(), options);
  const lossWith = async (options: object) =>
    stepOver(rows, { backbone, adapter, intervention: await ivg(options) }).record.loss.crossEntropy;

  it.for(strengths)(
    'diverge as the reference at every position, s = $strength',
    async ({ strength, want }, context) => {
      if (tooHeavy()) return context.skip(tooHeavy());
      expect(placesOf(rows.answerPositions, rows)).toEqual(file.answer_positions);
      expect(placesOf(rows.answerStart, rows).map(([, place]) => place)).toEqual(file.answer_start_positions);
      const terms = [{ weight: 1, positions: 'answers' }];
      const requests = (await ivKl({ strength, terms })).passes({} as MicroPosition);
      const { passes } = moment();
      passes.run({ ...requests['vector answers'], rows }, (iv) =>
        passes.run({ ...requests['plain answers'], rows }, (zero) => {
          for (const [T, { answer_kl_iv_zero, answer_kl_zero_iv }] of Object.entries(want)) {
            const kl = (p: PassResult, q: PassResult) =>
              klDivergence(p.logits as tf.Tensor2D, q.logits as tf.Tensor2D, { temperature: Number(T) });
            expectClose(kl(iv, zero), answer_kl_iv_zero, TOLERANCE, `KL(iv || zero), T = ${T}`);
            expectClose(kl(zero, iv), answer_kl_zero_iv, TOLERANCE, `KL(zero || iv), T = ${T}`);
          }
        }),
      );
    },
  );

  it.for(strengths)('charge its means and sums in a step, s = $strength', async ({ strength, want }, context) => {
    if (tooHeavy()) return context.skip(tooHeavy());
    const regularizers = new Map<string, Awaited<ReturnType<typeof ivKl>>>();
    const expected = new Map<string, number>();
    for (const [T, own] of Object.entries(want)) {
      const charge = async (name: keyof Divergences, term: object, direction: string) => {
        const terms = [{ weight: 1, ...term }];
        regularizers.set(`${name}, T = ${T}`, await ivKl({ strength, temperature: Number(T), direction, terms }));
        expected.set(`${name}, T = ${T}`, own[name] as number);
      };
      const [answers, all] = [{ positions: 'answers' }, { positions: 'all', reduction: 'sum-per-row' }];
      await charge('start_kl_iv_zero_mean', {}, 'vector-plain');
      await charge('start_kl_zero_iv_mean', {}, 'plain-vector');
      await charge('fvforgetting_kl1_start_batchmean', { reduction: 'sum-per-row' }, 'plain-vector');
      await charge('answer_kl_iv_zero_mean', answers, 'vector-plain');
      await charge('answer_kl_zero_iv_mean', answers, 'plain-vector');
      await charge('fvforgetting_kl2_all_positions_batchmean', all, 'plain-vector');
    }
    const { loss } = stepOver(rows, { backbone, adapter, regularizers: Object.fromEntries(regularizers) }).record;
    for (const [name, value] of expected) expectClose([loss[name]], [value], TOLERANCE, name);
  });

  it('train on the cross-entropy of the edited model, Eq. 3', async (context) => {
    if (tooHeavy()) return context.skip(tooHeavy());
    const got = [
      await lossWith({ from: 0 }),
      await lossWith({ from: 0.5 }),
      await lossWith({}),
      await lossWith({ positions: 'answers' }),
    ];
    const { s0, 's0.5_start': half, s1_start, s1_all_answer_positions, base_s0 } = eq3_loss;
    const wanted = [s0, half, s1_start, s1_all_answer_positions];
    expectClose(got, wanted, TOLERANCE, 'losses for s = 0, 0.5, 1 and 1 at all answer positions');
    const { record } = stepOver(rows, {
      backbone,
      adapter,
      regularizers: { base: crossEntropyOf('before-this-task') },
    });
    expectClose([record.loss.base], [base_s0], TOLERANCE, 'loss of the model before the task');
  });

  it.for([
    { detach: true, want: ivg_step.iv_side_detached },
    { detach: false, want: ivg_step.both_sides_differentiated },
  ])('step along its gradient, the side of the vector detached: $detach', async ({ detach, want }, context) => {
    if (tooHeavy()) return context.skip(tooHeavy());
    const parts = { intervention: await ivg({}), regularizers: { 'iv-kl': await ivKl({ detach }) } };
    const { record, layerNorms } = stepOver(rows, { backbone, adapter, ...parts });
    const { loss, gradientNorm } = record;
    const got = [loss.total, loss.crossEntropy, loss['iv-kl'] / 0.05];
    expectClose(got, [want.loss, want.ce, want.kl_iv_zero], TOLERANCE, 'total, cross-entropy, divergence');
    expect(largestRatioError([gradientNorm], [want.grad_norm])).toBeLessThanOrEqual(GRADIENT_TOLERANCE);
    expect(largestRatioError(layerNorms, want.grad_norm_per_layer)).toBeLessThanOrEqual(GRADIENT_TOLERANCE);
  });
});
