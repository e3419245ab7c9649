import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ActivationEdit, Backbone, MicroPosition, PassRequest, PenaltyMoment } from '../../core/index.js';
import { toyLosses } from '../../core/testing/index.js';
import { trainSequence } from '../../core/training/sequence.js';
import type { IncLora } from '../../plugins/inc-lora/adapter.js';
import ivKl from '../../plugins/iv-kl/plugin.js';
import type { LlamaBackbone } from '../../plugins/llama/backbone.js';
import { toyBatch, toyLlama, toyLora, toyMoment, toySequence, toyTask } from '../training/toy-run.js';
import { termsByMicroBatches } from './micro-batches.js';
import { toyIvg, toyIvKl, toyVectors } from './toy-vectors.js';

const files = toyVectors();
const words: [string, string][] = [...'abcdef'].map((letter) => [letter, letter]);
const batch = toyBatch(['ab', 'c'], ['d', 'e']);

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

/** IV-KL as its first task begins. */
async function started(options: object) {
  const regularizer = toyIvKl(backbone, { ...files, ...options });
  const at = toyMoment({ backbone, adapter }, words);
  await regularizer.prepare({ tasks: [at.task] });
  await regularizer.beforeTask(at);
  return regularizer;
}

/** Logits of (1/4, 3/4) and (1/2, 1/2): KL 0.130812, the other way round 0.143841. */
const [vector, plain] = [
  [0, Math.log(3)],
  [5, 5],
];

/** The term for these logits at one position of three rows, and its gradient along the plain ones. */
async function charged(options: object): Promise<{ value: number; slope: number[] }> {
  const regularizer = await started(options);
  return tf.tidy(() => {
    const { value, grad } = tf.valueAndGrad((own: tf.Tensor) => {
      const given = { logits: tf.tensor2d([vector]), captures: {} };
      const passes = new Proxy({}, { get: (_, name) => (String(name).startsWith('plain') ? { logits: own } : given) });
      return regularizer.penalty({ passes, batch: { rows: 3 }, share: () => 1 } as unknown as PenaltyMoment);
    })(tf.tensor2d([plain]));
    return { value: value.dataSync()[0], slope: [...grad.dataSync()] };
  });
}

describe('iv-kl', () => {
  it.each([
    ['0.05 KL(vector || plain)', {}, 0.05 * 0.130812],
    ['it the other way round', { direction: 'plain-vector' }, 0.05 * 0.143841],
    ['its terms together', { terms: [{ weight: 1 }, { weight: 2, positions: 'answers' }] }, 3 * 0.130812],
    ['their sum over rows', { terms: [{ weight: 1, positions: 'all', reduction: 'sum-per-row' }] }, 0.130812 / 3],
    ['it above a threshold', { terms: [{ weight: 1, above: 0.13 }] }, 0.130812],
    ['nothing below one', { terms: [{ weight: 1, above: 0.14 }] }, 0],
  ])('charges %s', async (_, options, want) => {
    expect((await charged(options)).value).toBeCloseTo(want, 6);
  });

  it('divides logits by its temperature', async () => {
    const q = 1 / (1 + Math.sqrt(3));
    const kl = q * Math.log(2 * q) + (1 - q) * Math.log(2 * (1 - q));
    expect((await charged({ temperature: 2, terms: [{ weight: 1 }] })).value).toBeCloseTo(kl, 6);
  });

  it('has its whole gradient (q - p) = (1/4, -1/4) above a threshold, and none below it', async () => {
    const slope = async (above: number) => (await charged({ terms: [{ weight: 1, above }] })).slope;
    const whole = [0.25, -0.25].map((value) => expect.closeTo(value, 6));
    expect(await slope(0)).toEqual(whole);
    expect(await slope(0.13)).toEqual(whole);
    expect((await slope(0.14)).map(Math.abs)).toEqual([0, 0]);
  });

  it('charges for heads that leave the target: one of 2 heads, one of 4 channels by 2, that is 4 / 8', async () => {
    const terms = [{ weight: 0 }];
    const cost = async (headTerm: object) => {
      const regularizer = await started({ target: 'initial', terms, headTerm });
      return tf.tidy(() => {
        const zeros = tf.zeros([2, 4, 4, 4]);
        const values = tf.buffer([2, 4, 4, 4], 'float32');
        // At the last prompt tokens of both rows, then where nobody looks: another head, another token.
        for (const place of [
          [0, 1, 2, 0],
          [1, 0, 2, 3],
          [0, 1, 3, 0],
          [0, 2, 2, 0],
        ])
          values.set(2, ...place);
        const heads = { captures: { 'model.layers.0.heads': zeros, 'model.layers.1.heads': values.toTensor() } };
        const target = { captures: { 'model.layers.0.heads': zeros, 'model.layers.1.heads': zeros } };
        const logits = { logits: tf.tensor2d([plain]), captures: {} };
        const passes = { heads, 'target heads': target, 'vector answer-start': logits, 'plain answer-start': logits };
        return regularizer.penalty({ passes, batch, share: () => 1 } as unknown as PenaltyMoment).dataSync()[0];
      });
    };
    expect(await cost({ weight: 3 })).toBeCloseTo(1.5, 6);
    expect(await cost({ weight: 3, above: 0.4 })).toBeCloseTo(1.5, 6);
    expect(await cost({ weight: 3, above: 0.6 })).toBe(0);
  });
});

describe("iv-kl's passes", () => {
  const passesOf = async (options: object, step: object = {}) => (await started(options)).passes(step as MicroPosition);
  const edits = (request: PassRequest) => request.edits as ActivationEdit[];

  it('are by default the model with its heads edited at s = 1, without gradient, and the same without edits', async () => {
    const { 'vector answer-start': withVector, 'plain answer-start': without, ...more } = await passesOf({});
    expect(more).toEqual({});
    expect(without).toEqual({ logits: 'answer-start' });
    expect(withVector).toMatchObject({ adapters: 'current', gradient: false, logits: 'answer-start' });
    const ivg = toyIvg(backbone, { ...files, shape: 'constant' });
    const at = toyMoment({ backbone, adapter }, words);
    await ivg.prepare({ tasks: [at.task] });
    await ivg.beforeTask(at);
    const own = ivg.edits({ taskStep: 0, taskSteps: 1 } as MicroPosition);
    const named = (list: readonly ActivationEdit[]) => list.map(({ site, key }) => [site, key]);
    expect(named(edits(withVector))).toEqual(named(own));
  });

  it('are of the positions of every term, and of the heads that a head term compares', async () => {
    const terms = ['answers', 'all', 'all'].map((positions) => ({ weight: 1, positions }));
    const requests = await passesOf({ terms, target: 'initial', headTerm: { weight: 1 } });
    const names = ['vector answers', 'plain answers', 'vector all', 'plain all', 'heads', 'target heads'];
    expect(Object.keys(requests)).toEqual(names);
    const captures = ['model.layers.0.heads', 'model.layers.1.heads'];
    expect(requests.heads).toEqual({ captures });
    expect(requests['target heads']).toEqual({ adapters: 'initial', gradient: false, captures });
    expect(requests['vector all']).toMatchObject({ adapters: 'initial', gradient: false, keep: true });
  });

  it('let gradients through the side of the vector on request', async () => {
    expect((await passesOf({ detach: false }))['vector answer-start'].gradient).toBe(true);
  });

  it.each([
    ['residual', 'model.layers.1'],
    ['attention', 'model.layers.1.attention'],
  ])('add the instruction vector at the %s of a layer', async (site, name) => {
    const requests = await passesOf({ site, layer: 1, strength: 0.5 });
    expect(edits(requests['vector answer-start']).map((edit) => edit.site)).toEqual([name]);
  });

  it('follow a schedule, and are not kept then', async () => {
    const at = (taskStep: number) => passesOf({ target: 'initial', strength: 'schedule' }, { taskStep, taskSteps: 3 });
    const keys = [0, 1].map(async (step) => edits((await at(step))['vector answer-start'])[0].key);
    expect(await Promise.all(keys)).toEqual([expect.stringContaining(' 1 '), expect.stringContaining(' 0.5 ')]);
    expect(edits((await at(2))['vector answer-start'])).toEqual([]);
    expect((await at(0))['vector answer-start'].keep).toBe(false);
  });
});

describe('in training, iv-kl', () => {
  /** Forward passes by epoch, over two epochs of three steps; ivg trains beside it at full strength. */
  async function forwards(options: object): Promise<number[]> {
    const parts = await toySequence([toyTask('toy', words, 2)]);
    const forward = vi.spyOn(parts.backbone, 'forward');
    const epochs = [0, 0];
    const ivg = toyIvg(parts.backbone, { ...files, shape: 'constant' });
    await trainSequence({
      ...parts,
      regularizers: [{ name: 'iv-kl', regularizer: toyIvKl(parts.backbone, { ...files, ...options }) }],
      interventions: [{ name: 'ivg', intervention: ivg }],
      observers: [
        {
          stepDone: ({ epoch, loss }) => {
            expect(loss['iv-kl']).toBeGreaterThan(0);
            epochs[epoch - 1] += forward.mock.calls.length;
            forward.mockClear();
          },
        },
      ],
    });
    for (const part of [parts.adapter, parts.backbone]) part.dispose();
    return epochs;
  }

  /** Passes of its own that the watch runs once, in the second step. */
  const watched = 1;

  it('runs the model once a step beside ivg, with the prompt, the edited answer and the plain one', async () => {
    expect(await forwards({})).toEqual([3 + watched, 3]);
    expect(await forwards({ detach: false })).toEqual([3 + watched, 3]);
  });

  it('runs a target that does not train in the first epoch only', async () => {
    expect(await forwards({ target: 'before-this-task' })).toEqual([6 + watched, 3]);
    expect(await forwards({ target: 'before-this-task', strength: 'schedule' })).toEqual([6 + 2 * watched, 6]);
  });

  it.each([
    ['a mean over rows beside one over answer tokens', { terms: [{ weight: 1 }, { weight: 1, positions: 'answers' }] }],
    ['a sum over rows', { terms: [{ weight: 1, positions: 'answers', reduction: 'sum-per-row' }] }],
    ['heads that are held', { target: 'initial', terms: [{ weight: 0 }], headTerm: { weight: 1 } }],
  ])('costs as much in four micro-batches of a row as in one of four rows: %s', async (_, options) => {
    const build = (backbone: Backbone) => toyIvKl(backbone, { ...files, ...options });
    const { whole, parts } = await termsByMicroBatches(build);
    expect(whole[2]).toBeGreaterThan(1e-6);
    for (const [k, term] of parts.entries()) expect(term / whole[k] || 1).toBeCloseTo(1, 3);
  });

  it('may rest only where everything has a threshold', async () => {
    const rests = async (options: object) => (await started({ target: 'initial', ...options })).mayRest;
    const above = { weight: 1, above: 0.1 };
    expect(await rests({})).toBe(false);
    expect(await rests({ terms: [above] })).toBe(true);
    expect(await rests({ terms: [above, { weight: 1 }] })).toBe(false);
    expect(await rests({ terms: [above], headTerm: { weight: 1 } })).toBe(false);
    expect(await rests({ terms: [above], headTerm: above })).toBe(true);
  });

  it('trains with the options of the preset, but a layer that the toy model has, and rests below its thresholds', async () => {
    const parts = await toySequence([toyTask('toy', words)], { settings: { batchSize: 1, allowIdle: false } });
    const measuring = { heads: files.heads, samples: 'train', shots: 3, prompts: 8, demonstrationSets: 2, layer: 1 };
    const regularizer = toyIvKl(parts.backbone, { ...ivKl.presets?.['fvg-kl'].options, ...measuring });
    await trainSequence({ ...parts, regularizers: [{ name: 'iv-kl', regularizer }] });
    for (const part of [parts.adapter, parts.backbone]) part.dispose();
    expect(parts.records.map(({ loss }) => loss['iv-kl'])).toEqual(Array(6).fill(0));
  });

  it('forgets less than plain training on the toy tasks, held to the model before the task', async () => {
    const measuring = { heads: files.heads, samples: 'train', shots: 3, prompts: 8, demonstrationSets: 2 };
    const forgotten = async (weight: number) => {
      const terms = [{ weight, positions: 'answers' }];
      const losses = await toyLosses(ivKl, { options: { ...measuring, target: 'before-this-task', terms } });
      return losses[2][0] - losses[1][0];
    };
    expect(await forgotten(1)).toBeLessThan(0.5 * (await forgotten(0)));
  });
});
