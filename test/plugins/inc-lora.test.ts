import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AdapterView, LinearSite, TaskMoment } from '../../core/index.js';
import { lowRankAddition } from '../../core/index.js';
import { additionsOf } from '../../core/training/additions.js';
import { writePeft } from '../../core/weights/peft.js';
import type { IncLora } from '../../plugins/inc-lora/adapter.js';
import type { LlamaBackbone } from '../../plugins/llama/backbone.js';
import { numbers, toyBatch, toyLlama, toyLora } from '../training/toy-run.js';

const rows = toyBatch(['abc', 'de'], ['f', 'g']);
const task = (taskIndex: number) => ({ taskIndex }) as TaskMoment;

let backbone: LlamaBackbone;
let adapter: IncLora;
let empty: number;
beforeEach(async () => {
  empty = tf.memory().numTensors;
  backbone = await toyLlama();
});
afterEach(() => {
  adapter.dispose();
  backbone.dispose();
  expect(tf.memory().numTensors).toBe(empty);
});

function logits(of: IncLora | undefined, view: AdapterView = 'current', from = backbone): number[] {
  return tf.tidy(() => {
    const additions = of && additionsOf(of, view);
    return numbers(from.forward({ batch: rows, logits: 'all', additions }).logits as tf.Tensor);
  });
}

function expectClose(got: readonly number[], want: readonly number[], tolerance = 1e-5): void {
  expect(got.length).toBe(want.length);
  expect(Math.max(...got.map((value, i) => Math.abs(value - want[i])))).toBeLessThanOrEqual(tolerance);
}

/** Gives every B random values, as if the task had been learnt. */
function learn(of: IncLora, seed: number): void {
  tf.tidy(() => {
    for (const [name, variable] of Object.entries(of.trainable())) {
      if (name.endsWith('lora_B')) variable.assign(tf.randomNormal(variable.shape, 0, 0.2, 'float32', seed++));
    }
  });
}

async function trainedTask(of: IncLora, taskIndex: number): Promise<void> {
  await of.beforeTask(task(taskIndex));
  learn(of, 100 * taskIndex + 1);
  of.afterTask();
}

describe('the low-rank addition', () => {
  it('is scale (x A^T) B^T: 2 x (1 x 3 + 2 x 4) x [5, 6] = [110, 132]', () => {
    adapter = toyLora(backbone);
    const sum = tf.tidy(() =>
      numbers(lowRankAddition(tf.tensor2d([[1, 2]]), tf.tensor2d([[3, 4]]), tf.tensor2d([[5], [6]]), 2)),
    );
    expect(sum).toEqual([110, 132]);
  });

  it('has the gradients of the plain formula', () => {
    adapter = toyLora(backbone);
    tf.tidy(() => {
      const random = (shape: [number, number], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);
      const inputs = [random([5, 4], 1), random([2, 4], 2), random([3, 2], 3)];
      const weight = random([5, 3], 4);
      const plain = (x: tf.Tensor, a: tf.Tensor, b: tf.Tensor) =>
        tf.mul(tf.matMul(tf.matMul(x, tf.transpose(a)), tf.transpose(b)), 0.5);
      const fused = (x: tf.Tensor, a: tf.Tensor, b: tf.Tensor) =>
        lowRankAddition(x as tf.Tensor2D, a as tf.Tensor2D, b as tf.Tensor2D, 0.5);
      const gradients = (f: typeof plain) => tf.grads((x, a, b) => tf.sum(tf.mul(f(x, a, b), weight)))(inputs);
      const expected = gradients(plain);
      for (const [i, gradient] of gradients(fused).entries()) expectClose(numbers(gradient), numbers(expected[i]));
    });
  });
});

describe('inc-lora', () => {
  it('starts each task without changing a logit: A uniform in +-1/sqrt(in), B zero', async () => {
    adapter = toyLora(backbone);
    const base = logits(undefined);
    await adapter.beforeTask(task(0));
    expect(logits(adapter)).toEqual(base);
    const { 'model.layers.0.self_attn.q_proj.lora_A': a } = adapter.trainable();
    expect(a.shape).toEqual([2, 16]);
    const values = numbers(a).map(Math.abs);
    expect(Math.max(...values)).toBeLessThanOrEqual(0.25);
    expect(Math.max(...values)).toBeGreaterThan(0.2);
  });

  it('draws other pairs for another task and the same ones for the same seed', async () => {
    adapter = toyLora(backbone);
    const first = async (taskIndex: number) => {
      const own = toyLora(backbone);
      await own.beforeTask(task(taskIndex));
      const values = numbers(Object.values(own.trainable())[0]);
      own.dispose();
      return values;
    };
    expect(await first(0)).toEqual(await first(0));
    expect(await first(0)).not.toEqual(await first(1));
  });

  it('folds a finished task into the weights without changing a logit', async () => {
    adapter = toyLora(backbone);
    const base = logits(undefined);
    await adapter.beforeTask(task(0));
    learn(adapter, 1);
    const live = logits(adapter);
    adapter.afterTask();
    expectClose(logits(adapter), live);
    expectClose(logits(undefined), live);
    expect(Object.keys(adapter.trainable())).toEqual([]);
    expect(Math.max(...live.map((value, i) => Math.abs(value - base[i])))).toBeGreaterThan(0.01);
  });

  it('shows the model as it was before this task and before all of them', async () => {
    adapter = toyLora(backbone);
    const base = logits(undefined);
    await trainedTask(adapter, 0);
    const afterFirst = logits(adapter);
    await adapter.beforeTask(task(1));
    learn(adapter, 2);
    expectClose(logits(adapter, 'before-this-task'), afterFirst);
    expectClose(logits(adapter, 'initial'), base);
    adapter.afterTask();
    expectClose(logits(adapter, 'initial'), base);
  });

  it('gives all tasks together as one pair of concatenated ranks and the same scale', async () => {
    adapter = toyLora(backbone);
    const base = await toyLlama();
    for (const t of [0, 1, 2]) await trainedTask(adapter, t);
    const all = adapter.pairs('all') ?? [];
    expect(all.map(({ rank, scale }) => [rank, scale])).toEqual(all.map(() => [6, 2]));
    expect(adapter.pairs('task')?.[0].rank).toBe(2);
    tf.tidy(() => {
      for (const { site, a, b, rank, inFeatures, outFeatures, scale } of all) {
        const place = base.linearSites.find(({ name }) => name === site) as LinearSite;
        base.fold(
          place,
          tf.mul(tf.matMul(tf.tensor2d(b, [outFeatures, rank]), tf.tensor2d(a, [rank, inFeatures])), scale),
        );
      }
    });
    expectClose(logits(undefined, 'current', base), logits(adapter));
    base.dispose();
  });

  it('keeps one pair for all tasks with `growth: single`, and the state in which this task found it', async () => {
    adapter = toyLora(backbone, { growth: 'single' });
    const base = logits(undefined);
    await trainedTask(adapter, 0);
    const afterFirst = logits(adapter);
    const variables = adapter.trainable();
    expect(logits(undefined)).toEqual(base);
    await adapter.beforeTask(task(1));
    expect(adapter.trainable()).toEqual(variables);
    learn(adapter, 50);
    expect(logits(adapter, 'before-this-task')).toEqual(afterFirst);
    expect(logits(adapter, 'initial')).toEqual(base);
    expect(logits(adapter)).not.toEqual(afterFirst);
    expect(adapter.pairs('all')?.[0].rank).toBe(2);
  });

  it.each(['per-task', 'single'])('goes on from its saved state (%s)', async (growth) => {
    adapter = toyLora(backbone, { growth });
    await trainedTask(adapter, 0);
    await adapter.beforeTask(task(1));
    learn(adapter, 3);
    const state = adapter.state();
    const other = await toyLlama();
    const restored = toyLora(other, { growth });
    restored.restore({ tensors: state.tensors, json: JSON.parse(JSON.stringify(state.json)) });
    tf.dispose(state.tensors);
    for (const view of ['current', 'before-this-task', 'initial'] as const) {
      expectClose(logits(restored, view, other), logits(adapter, view));
    }
    expect(Object.keys(restored.trainable())).toEqual(Object.keys(adapter.trainable()));
    restored.dispose();
    other.dispose();
  });

  it('refuses a target that the model lacks and names the nearest one', () => {
    expect(() => toyLora(backbone, { targets: ['q_prj'] })).toThrow(/CONFIG_VALUE.*adapter.targets.*q_prj.*"q_proj"/);
  });
});

describe('inc-lora from a PEFT directory', () => {
  let folder: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'inc-lora-'));
    const source = toyLora(backbone);
    await source.beforeTask(task(0));
    learn(source, 9);
    await writePeft(folder, { pairs: source.pairs('task') ?? [] });
    source.dispose();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('starts the first task from it and the second one afresh', async () => {
    adapter = toyLora(backbone, { init: folder });
    const base = logits(undefined);
    await adapter.prepare();
    await adapter.beforeTask(task(0));
    expect(logits(adapter)).not.toEqual(base);
    expectClose(logits(adapter, 'before-this-task'), base);
    adapter.afterTask();
    const folded = logits(undefined);
    await adapter.beforeTask(task(1));
    expect(logits(adapter)).toEqual(folded);
  });

  it.each([
    [{ rank: 3 }, /ADAPTER_INVALID.*rank 3, as adapter.rank says.*rank 2/],
    [{ alpha: 8 }, /ADAPTER_INVALID.*alpha 8, as adapter.alpha says.*alpha 4/],
    [{ targets: ['q_proj'] }, /ADAPTER_INVALID.*q_proj only, as adapter.targets says.*v_proj/],
    [{ targets: ['q_proj', 'o_proj', 'v_proj'] }, /ADAPTER_INVALID.*o_proj, as adapter.targets says.*none/],
  ])('refuses options that it does not fit: %o', async (options, message) => {
    adapter = toyLora(backbone, { init: folder, ...options });
    await expect(adapter.prepare()).rejects.toThrow(message);
  });
});
