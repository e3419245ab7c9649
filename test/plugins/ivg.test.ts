import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ActivationEdit, Logger, StepPosition, TaskMoment } from '../../core/index.js';
import type { IncLora } from '../../plugins/inc-lora/adapter.js';
import type { InstructionVectorGuidance } from '../../plugins/ivg/intervention.js';
import { ivgOptions } from '../../plugins/ivg/plugin.js';
import type { LlamaBackbone } from '../../plugins/llama/backbone.js';
import { type ToyMomentOptions, toyBatch, toyLlama, toyLora, toyMoment } from '../training/toy-run.js';
import { toyIvg, toyVectors } from './toy-vectors.js';

const files = toyVectors();
/** Rows "ab|c" and "d|e" of four and three tokens: the last prompt tokens are at 1 and 4, answers at 1, 2 and 4, 5. */
const rows = toyBatch(['ab', 'c'], ['d', 'e']);
const words: [string, string][] = [...'abcdefgh'].map((letter) => [letter, letter]);

let backbone: LlamaBackbone;
let adapter: IncLora;
let tensors: number;
beforeAll(async () => {
  backbone = await toyLlama();
});
afterAll(() => backbone.dispose());
beforeEach(() => {
  tensors = tf.memory().numTensors;
  adapter = toyLora(backbone);
});
afterEach(() => {
  adapter.dispose();
  expect(tf.memory().numTensors).toBe(tensors);
});

const moment = (options?: ToyMomentOptions): TaskMoment => toyMoment({ backbone, adapter }, words, options);

/** IVG in the task that the moment begins. */
async function started(options: object, at = moment(), logger?: Parameters<typeof toyIvg>[2]) {
  const ivg = toyIvg(backbone, { ...files, ...options }, logger);
  await ivg.prepare({ tasks: [at.task] });
  await ivg.beforeTask(at);
  return ivg;
}

const step = (taskStep: number, taskSteps = 5) => ({ taskStep, taskSteps, epoch: 0, epochs: 1 }) as StepPosition;

/** Heads with outputs 1 that an edit changed, by place and head. */
function changed({ apply }: ActivationEdit): Record<string, number[]> {
  return tf.tidy(() => {
    const edited = tf.reshape(apply(tf.ones([2, 4, 4, 4]), [], rows), [8, 4, 4]).arraySync() as number[][][];
    const heads = edited.flatMap((heads, place) => heads.map((head, j) => [`${place}/${j}`, head] as const));
    return Object.fromEntries(heads.filter(([, head]) => head.some((value) => value !== 1)));
  });
}

describe('ivg', () => {
  it('adds s v at the last prompt tokens: v = (10, 11, 12, 13) and s = 1, 3/4, 1/2, 1/4, 0 over five steps', async () => {
    const ivg = await started({});
    const [first, other, ...more] = ivg.edits(step(0));
    expect(more).toEqual([]);
    expect(first).toMatchObject({ site: 'model.layers.0.heads', where: 'answers' });
    expect(changed(first)).toEqual({ '1/1': [11, 12, 13, 14], '4/1': [11, 12, 13, 14] });
    expect(other.site).toBe('model.layers.1.heads');
    expect(changed(other)).toEqual({ '1/2': [121, 122, 123, 124], '4/2': [121, 122, 123, 124] });
    const strengths = [1, 2, 3].map((k) => (changed(ivg.edits(step(k))[0])['1/1'][0] - 1) / 10);
    expect(strengths).toEqual([0.75, 0.5, 0.25]);
    expect(ivg.edits(step(4))).toEqual([]);
  });

  it.each([
    ['replace', [10, 11, 12, 13]],
    ['mix', [5.5, 6, 6.5, 7]],
  ])('with mode %s gives %o at half the strength', async (mode, want) => {
    const ivg = await started({ mode });
    expect(changed(ivg.edits(step(2))[0])).toEqual({ '1/1': want, '4/1': want });
    expect(ivg.edits(step(4))).toEqual([]);
  });

  it('edits on request wherever an answer is predicted, and by another schedule', async () => {
    const ivg = await started({ positions: 'answers', shape: 'constant', from: 2 });
    const edited = changed(ivg.edits(step(4))[0]);
    expect(Object.keys(edited)).toEqual(['1/1', '2/1', '4/1', '5/1']);
    expect(edited['5/1']).toEqual([21, 23, 25, 27]);
  });

  it('takes as many other heads for the control, with their own mean activations', async () => {
    const ivg = await started({ control: 'random' });
    const { heads } = ivg.summary() as { heads: [number, number][] };
    expect(heads).toHaveLength(2);
    expect(heads.map(String).filter((head) => ['0,1', '1,2'].includes(head))).toEqual([]);
    for (const { site, ...edit } of ivg.edits(step(0))) {
      const layer = Number(site.split('.')[2]);
      for (const [name, values] of Object.entries(changed({ site, ...edit }))) {
        expect(values[0]).toBe(1 + 100 * layer + 10 * Number(name.split('/')[1]));
      }
    }
  });

  it('names every site of head outputs as one that it may edit', () => {
    const { sites } = toyIvg(backbone, files);
    expect(sites).toEqual(['model.layers.0.heads', 'model.layers.1.heads']);
  });
});

describe("ivg's mean activations", () => {
  const measuring = { activations: 'before-this-task', samples: 'train', shots: 2, prompts: 4, demonstrationSets: 2 };
  const logInto = (remarks: string[], warnings: string[]): Logger => ({
    info: (message) => void remarks.push(message),
    warn: (message) => void warnings.push(message),
  });
  const vectorOf = (ivg: InstructionVectorGuidance) => changed(ivg.edits(step(0))[0])['1/1'];

  it('are measured on N-shot prompts, with a warning where too few are answered right', async () => {
    const [remarks, warnings]: string[][] = [[], []];
    const logger = logInto(remarks, warnings);
    const ivg = await started({ ...measuring, minCorrect: 4 }, moment(), logger);
    const { tasks } = ivg.summary() as { tasks: Record<string, object> };
    expect(tasks.toy).toEqual({ prompts: 4, correct: expect.any(Number), correctOnly: false });
    expect(remarks).toEqual(['measuring mean activations on "toy": 4 prompts']);
    expect(warnings[0]).toMatch(/^task "toy": \d of 4 prompts answered right, fewer than 4; .* over all of them$/);
  });

  it('are of the model before the task, or of the initial one', async () => {
    const of = async (activations: string) => vectorOf(await started({ ...measuring, activations }));
    const bare = await of('before-this-task');
    expect(await of('initial')).toEqual(bare);
    await adapter.beforeTask(moment());
    tf.tidy(() => {
      for (const variable of Object.values(adapter.trainable())) variable.assign(tf.fill(variable.shape, 0.3));
    });
    adapter.afterTask();
    const farFrom = (values: number[]) => Math.max(...values.map((value, c) => Math.abs(value - bare[c])));
    expect(farFrom(await of('before-this-task'))).toBeGreaterThan(0.01);
    expect(farFrom(await of('initial'))).toBeLessThan(1e-4);
    adapter.restore({ tensors: {}, json: { tasks: 0 } });
  });

  it('are measured once for all plugins that ask for the same', async () => {
    const made = new Map<string, unknown>();
    const shared: TaskMoment['shared'] = async (key, make) => {
      if (!made.has(key)) made.set(key, await make());
      return made.get(key) as never;
    };
    const at = { ...moment(), shared };
    const run = vi.spyOn(at.passes, 'run');
    const remarks: string[] = [];
    const logger = logInto(remarks, remarks);
    const vectors = [await started(measuring, at, logger), await started(measuring, at, logger)].map(vectorOf);
    expect(remarks).toEqual([expect.stringContaining('4 prompts'), expect.stringMatching(/^task "toy": \d of 4 /)]);
    expect(vectors[0]).toEqual(vectors[1]);
    const once = run.mock.calls.length;
    await started({ ...measuring, prompts: 3 }, at);
    expect(run.mock.calls.length).toBe(2 * once);
  });

  it('are of validation samples by default, and refused where a task has none', async () => {
    const validation = words.slice(0, 4);
    const ivg = await started({ ...measuring, samples: 'validation' }, moment({ validation }));
    expect(ivg.summary()).toMatchObject({ tasks: { toy: { prompts: 4 } } });
    await expect(started({ ...measuring, samples: 'validation' })).rejects.toThrow(
      /DATA_EMPTY.*plugin "ivg", task "toy".*at least two validation samples.*got 0.*samples: train/,
    );
  });

  it('are refused where their source is neither a model nor a file', async () => {
    await expect(started({ activations: 'before' })).rejects.toThrow(
      /CONFIG_VALUE.*plugin "ivg", activations.*before-this-task, initial or a safetensors file.*before/,
    );
  });
});

describe("ivg's options", () => {
  it.each([{ mode: 'subtract' }, { shots: 0 }, { minCorrect: 0 }, { shape: 'square' }, { strength: 1 }])(
    'refuse %o',
    (options) => {
      expect(ivgOptions.safeParse({ heads: 'llama-2-7b', ...options }).success).toBe(false);
    },
  );

  it("take the heads of the run's model by default", () => {
    expect(ivgOptions.parse({}).heads).toBe('preset');
  });
});
