import type * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PassResult } from '../../core/contracts/passes.js';
import { klDivergence } from '../../core/engine/ops/kl-divergence.js';
import { expectClose } from '../../core/testing/index.js';
import type { IncLora } from '../../plugins/inc-lora/adapter.js';
import type { LlamaBackbone } from '../../plugins/llama/backbone.js';
import lwf, { lwfOptions } from '../../plugins/lwf/plugin.js';
import { LearningWithoutForgetting } from '../../plugins/lwf/regularizer.js';
import { batchOf, examplesOf, loraAt, momentOf, placesOf, type ReferenceBatch, stepOver, tooHeavy } from './methods.js';
import { noModel, openRealModel, reference, titled } from './open.js';

interface Divergences {
  readonly kl_teacher_student_per_position: number[];
  readonly kl_student_teacher_per_position: number[];
  readonly kl_teacher_student_mean: number;
  readonly kl_student_teacher_mean: number;
  readonly kl_teacher_student_mean_all_real_positions: number;
  readonly kl_student_teacher_mean_all_real_positions: number;
  readonly trace_KD_loss_batchmean_all_positions: number;
}

interface LwfCase {
  readonly batch: ReferenceBatch;
  readonly positions: [number, number][];
  readonly T: { readonly '1.0': Divergences };
  readonly loss_student: number;
}

const { batch, positions, T, loss_student } = reference<LwfCase>('lwf.json');
const want = T['1.0'];
const examples = examplesOf(batch);
const rows = batchOf(examples);

/** Absolute, of divergences and losses in nats. */
const TOLERANCE = 3e-4;

const withOptions = (options: Readonly<Record<string, unknown>>) =>
  new LearningWithoutForgetting(lwfOptions.parse({ temperature: 1, ...options }));

describe.skipIf(noModel)(
  titled('lwf on SmolLM2-135M-Instruct, an adapter its student and the bare model its teacher'),
  () => {
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

    it('has the divergence of every answer position, in both directions', (context) => {
      if (tooHeavy()) return context.skip(tooHeavy());
      expect(placesOf(rows.answerPositions, rows)).toEqual(positions);
      const { passes } = momentOf({ backbone, adapter }, examples);
      const requests = withOptions({ student: 'plain' }).passes();
      passes.run({ ...requests.teacher, rows }, (teacher) =>
        passes.run({ ...requests.student, rows }, (student) => {
          const kl = (p: PassResult, q: PassResult) => klDivergence(p.logits as tf.Tensor2D, q.logits as tf.Tensor2D);
          expectClose(kl(teacher, student), want.kl_teacher_student_per_position, TOLERANCE);
          expectClose(kl(student, teacher), want.kl_student_teacher_per_position, TOLERANCE);
        }),
      );
    });

    it("charges in a step the reference's means and TRACE's sum over all positions", (context) => {
      if (tooHeavy()) return context.skip(tooHeavy());
      const studentTeacher = { direction: 'student-teacher' };
      const regularizers = {
        answers: withOptions({}),
        'answers, the other way round': withOptions(studentTeacher),
        'all real positions': withOptions({ positions: 'all' }),
        'all real positions, the other way round': withOptions({ positions: 'all', ...studentTeacher }),
        trace: withOptions({ ...lwf.presets?.trace.options, startsAt: 0 }),
        'answers over the whole vocabulary as the most likely tokens': withOptions({ top: 49152 }),
      };
      const { loss } = stepOver(rows, { backbone, adapter, regularizers }).record;
      const expected = {
        crossEntropy: loss_student,
        answers: want.kl_teacher_student_mean,
        'answers, the other way round': want.kl_student_teacher_mean,
        'all real positions': want.kl_teacher_student_mean_all_real_positions,
        'all real positions, the other way round': want.kl_student_teacher_mean_all_real_positions,
        trace: want.trace_KD_loss_batchmean_all_positions,
        'answers over the whole vocabulary as the most likely tokens': want.kl_teacher_student_mean,
      };
      for (const [name, value] of Object.entries(expected)) expectClose([loss[name]], [value], TOLERANCE, name);
    });
  },
);
