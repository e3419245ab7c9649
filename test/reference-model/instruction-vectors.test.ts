import type * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ActivationEdit } from '../../core/contracts/backbone.js';
import type { Task } from '../../core/contracts/benchmark.js';
import type { MicroPosition, StepPosition } from '../../core/contracts/moments.js';
import { largest, logSumExp } from '../../core/evaluation/log-softmax.js';
import { expectClose } from '../../core/testing/index.js';
import type { Head } from '../../core/vectors/heads.js';
import { instructionVector } from '../../core/vectors/instruction-vector.js';
import { meanActivations } from '../../core/vectors/mean-activations.js';
import { readVectorFile, type VectorFile } from '../../core/vectors/vector-file.js';
import type { IncLora } from '../../plugins/inc-lora/adapter.js';
import type { LlamaBackbone } from '../../plugins/llama/backbone.js';
import { batchOf, loraAt, momentOf, referenceFile, tooHeavy } from './methods.js';
import { noModel, openRealModel, reference, titled } from './open.js';
import { ivgIn, ivKlIn } from './vectors.js';

interface Outcome {
  readonly p: number;
  readonly logp: number;
  readonly rank: number;
  readonly top5: [number, number][];
  readonly check_logits: number[];
}

interface Query {
  readonly ids: number[];
  readonly target_id: number;
  readonly variants: Record<string, Outcome>;
}

interface VectorCases {
  readonly heads: Head[];
  readonly tasks: { task: string; theta: number[]; theta_l2: number; queries: Query[] }[];
  readonly check_ids: number[];
}

interface CleanPrompts {
  readonly tasks: { task: string; clean: { ids: number[]; target_id: number }[] }[];
}

const { heads, tasks, check_ids } = reference<VectorCases>('iv.json');
const [{ task, theta, theta_l2, queries }] = tasks;
const clean = reference<CleanPrompts>('cma.json').tasks.find((one) => one.task === task)?.clean ?? [];

/** Each query as an example whose answer is the target. */
const examples = queries.map(({ ids, target_id }) => ({
  tokens: [...ids, target_id],
  labels: [...ids.map(() => -100), target_id],
}));
const rows = batchOf(examples);

describe.skipIf(noModel)(titled('instruction vectors of SmolLM2-135M-Instruct'), () => {
  let backbone: LlamaBackbone;
  let adapter: IncLora;
  let file: VectorFile;
  beforeAll(async () => {
    backbone = (await openRealModel()).backbone as LlamaBackbone;
    adapter = await loraAt(backbone, 'init');
    const path = referenceFile('cma_mean_activations.safetensors');
    file = await readVectorFile(path, backbone.sizes, [{ name: task } as Task]);
  });
  afterAll(() => {
    adapter?.dispose();
    backbone?.dispose();
  });

  const moment = () => momentOf({ backbone, adapter }, examples, { name: task });
  const edited = async (options: object) => {
    const intervention = await ivgIn(backbone, moment(), options);
    return intervention.edits({ taskStep: 0, taskSteps: 1 } as StepPosition);
  };
  const added = async (layer: number) => {
    const ivKl = await ivKlIn(backbone, moment(), { site: 'residual', layer });
    return ivKl.passes({} as MicroPosition)['vector answer-start'].edits as ActivationEdit[];
  };

  function expectOutcome(logits: Float32Array, { target_id }: Query, want: Outcome): void {
    const target = logits[target_id];
    const logp = target - logSumExp(logits);
    expectClose([Math.exp(logp)], [want.p], 3e-5, 'probability');
    expectClose([logp], [want.logp], 3e-4, 'log-probability');
    // Logits as near to the target's as the tolerance may stand before or behind it.
    const above = (least: number) => logits.filter((logit) => logit > least).length;
    expect(above(target + 3e-4)).toBeLessThanOrEqual(want.rank);
    expect(above(target - 3e-4)).toBeGreaterThanOrEqual(want.rank);
    const at = (ids: number[]) => ids.map((id) => logits[id]);
    const [top, topLogits] = [want.top5.map(([id]) => id), want.top5.map(([, logit]) => logit)];
    expect(largest(logits, 5)).toEqual(top);
    expectClose(at(top), topLogits, 3e-4, 'largest logits');
    expectClose(at(check_ids), want.check_logits, 3e-4, 'logits');
  }

  it('are the sum over heads of what their mean activations add to the residual stream', () => {
    const got = instructionVector(backbone, { heads, values: file.of(task, heads) });
    expectClose(got, theta, 1e-4);
    expectClose([Math.hypot(...got)], [theta_l2], 1e-4, 'L2 norm');
  });

  it.each<[string, () => Promise<readonly ActivationEdit[]>]>([
    ['base', () => edited({ from: 0 })],
    ['heads_add_s1', () => edited({})],
    ['heads_add_s0.5', () => edited({ from: 0.5 })],
    ['heads_replace', () => edited({ mode: 'replace' })],
    ['add_theta_layer9', () => added(9)],
    ['add_theta_layer12', () => added(12)],
    ['add_theta_layer15', () => added(15)],
  ])('lead zero-shot queries to the answers of the reference: %s', async (name, editsOf) => {
    const edits = await editsOf();
    moment().passes.run({ rows, edits, logits: 'answer-start' }, ({ logits }) => {
      const all = (logits as tf.Tensor2D).dataSync<'float32'>();
      const width = all.length / queries.length;
      for (const [row, query] of queries.entries()) {
        expectOutcome(all.subarray(row * width, (row + 1) * width), query, query.variants[name]);
      }
    });
  });

  it('rest on mean activations over the prompts that are answered right', (context) => {
    if (tooHeavy()) return context.skip(tooHeavy());
    const { layers, heads: width } = backbone.sizes;
    const all = Array.from({ length: layers * width }, (_, i): Head => [Math.floor(i / width), i % width]);
    const prompts = clean.map(({ ids, target_id }) => ({ tokens: ids, answer: [target_id] }));
    const settings = { heads: all, minCorrect: 4, pad: 2 };
    const { values, correct } = meanActivations(moment().passes.model('initial'), prompts, settings);
    expect(correct).toBe(clean.length);
    expectClose(values, file.of(task, all), 2e-4);
  });
});
