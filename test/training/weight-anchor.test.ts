import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LowRankPair } from '../../core/contracts/adapter.js';
import type { TaskMoment } from '../../core/contracts/moments.js';
import type { NamedTensors } from '../../core/contracts/tensors.js';
import { seededRandom, WeightAnchor } from '../../core/index.js';
import { expectClose } from '../../core/testing/index.js';
import type { IncLora } from '../../plugins/inc-lora/adapter.js';
import { numbers, toyLlama, toyLora } from './toy-run.js';
import { VectorAdapter } from './vector-adapter.js';

const distanceOf = (anchor: WeightAnchor) => tf.tidy(() => anchor.distance().dataSync()[0]);
const importance = (values: number[]) => ({ w: tf.tensor1d(values) });

/** Sets an anchor with importances that are freed afterwards: `set` copies them. */
function set(anchor: WeightAnchor, given: NamedTensors, earlier: Parameters<WeightAnchor['set']>[1]): void {
  anchor.set(given, earlier);
  tf.dispose(given);
}

let tensors: number;
beforeEach(() => {
  tensors = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(tensors));

describe('an anchored vector', () => {
  let adapter: VectorAdapter;
  let anchor: WeightAnchor;
  beforeEach(() => {
    adapter = new VectorAdapter([0, 0]);
    anchor = new WeightAnchor(adapter, 'adapter');
  });
  afterEach(() => {
    anchor.dispose();
    adapter.dispose();
  });

  it('costs nothing without an anchor, nothing at it, and 2 x 3^2 + 5 x 1^2 = 23 at (3, -1) from it', () => {
    expect(distanceOf(anchor)).toBe(0);
    set(anchor, importance([2, 5]), 'separate');
    expect(distanceOf(anchor)).toBe(0);
    adapter.moveTo([3, -1]);
    expect(distanceOf(anchor)).toBe(23);
  });

  it('costs 1 x 4^2 + 3 x 2^2 = 28 at 4 for separate anchors at 0 and 2, and (1/2 + 3) x 2^2 = 14 online', () => {
    const twoTasks = (earlier: Parameters<WeightAnchor['set']>[1]) => {
      anchor.dispose();
      adapter.moveTo([0, 0]);
      set(anchor, importance([1, 0]), earlier);
      adapter.moveTo([2, 0]);
      set(anchor, importance([3, 0]), earlier);
      adapter.moveTo([4, 0]);
      return distanceOf(anchor);
    };
    expect(twoTasks('separate')).toBe(28);
    expect(twoTasks({ online: 0.5 })).toBe(14);
  });

  it('takes a scalar for the importance of all entries', () => {
    set(anchor, { w: tf.scalar(2) }, 'separate');
    adapter.moveTo([1, 3]);
    expect(distanceOf(anchor)).toBe(20);
  });

  it('grows more important where it is, and is held elsewhere with the importance that it has', () => {
    const more = importance([1, 1]);
    anchor.hold();
    anchor.grow(more);
    anchor.grow(more);
    adapter.moveTo([3, 0]);
    expect(distanceOf(anchor)).toBe(18);
    anchor.hold();
    adapter.moveTo([4, 2]);
    expect(distanceOf(anchor)).toBe(10);
    tf.dispose(more);
  });

  it('over three tasks equals the plain sum over them in double precision, as does its gradient', () => {
    const random = seededRandom(3).stream('anchors');
    const drawn = () => [random.normal(), random.normal()];
    const tasks = [0, 1, 2].map(() => ({ at: drawn(), importance: drawn().map((x) => x * x) }));
    for (const { at, importance: squares } of tasks) {
      adapter.moveTo(at);
      set(anchor, importance(squares), 'separate');
    }
    const w = numbers(adapter.trainable().w as tf.Tensor).map(() => random.normal());
    adapter.moveTo(w);
    const terms = tasks.flatMap(({ at, importance: squares }) => squares.map((f, i) => f * (w[i] - at[i]) ** 2));
    const slopes = w.map((x, i) => tasks.reduce((sum, { at, importance: f }) => sum + 2 * f[i] * (x - at[i]), 0));
    const plain = terms.reduce((sum, term) => sum + term, 0);
    expect(Math.abs(distanceOf(anchor) / plain - 1)).toBeLessThan(1e-5);
    tf.tidy(() => {
      const { w: variable } = adapter.trainable();
      expectClose(tf.variableGrads(() => anchor.distance(), [variable]).grads[variable.name], slopes, 1e-5);
    });
  });

  it('goes on from its saved state, of which it copies the tensors', () => {
    set(anchor, importance([1, 2]), 'separate');
    adapter.moveTo([2, 1]);
    set(anchor, importance([3, 1]), 'separate');
    adapter.moveTo([1, -1]);
    const want = distanceOf(anchor);
    const { tensors: saved, json } = anchor.state();
    const restored = new WeightAnchor(adapter, 'adapter');
    restored.restore({ tensors: saved, json: JSON.parse(JSON.stringify(json)) });
    tf.dispose(saved);
    expect(distanceOf(restored)).toBe(want);
    restored.dispose();
  });

  it('of merged weights is refused for an adapter that has no low-rank pairs', () => {
    expect(() => new WeightAnchor(adapter, 'merged').distance()).toThrow(/PLUGIN_CLASH.*low-rank pairs/);
  });
});

/** Merged weights' difference from the bare model by site, in double precision. */
type Deltas = ReadonlyMap<string, Float64Array>;

function addPair(
  deltas: Map<string, Float64Array>,
  { site, a, b, rank, inFeatures, outFeatures, scale }: LowRankPair,
): void {
  const delta = deltas.get(site) ?? new Float64Array(outFeatures * inFeatures);
  for (let o = 0; o < outFeatures; o++) {
    for (let i = 0; i < inFeatures; i++) {
      for (let r = 0; r < rank; r++) delta[o * inFeatures + i] += scale * b[o * rank + r] * a[r * inFeatures + i];
    }
  }
  deltas.set(site, delta);
}

function deltasOf(adapter: IncLora): Deltas {
  const deltas = new Map<string, Float64Array>();
  for (const pair of adapter.pairs('all') ?? []) addPair(deltas, pair);
  return deltas;
}

describe.each(['per-task', 'single'])('anchored merged weights with growth: %s', (growth) => {
  it('cost over three tasks the plain sum over them in double precision', async () => {
    const backbone = await toyLlama();
    const adapter = toyLora(backbone, { growth });
    const anchor = new WeightAnchor(adapter, 'merged');
    const random = seededRandom(5).stream('merged');
    const learn = async (taskIndex: number) => {
      await adapter.beforeTask({ taskIndex } as TaskMoment);
      for (const variable of Object.values(adapter.trainable())) {
        const values = random.fillUniform(new Float32Array(variable.size), -0.5, 0.5);
        tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
      }
    };
    const tasks: { deltas: Deltas; fisher: Deltas }[] = [];
    for (const taskIndex of [0, 1, 2]) {
      await learn(taskIndex);
      const drawn = adapter.sites.map(({ name, inFeatures, outFeatures }) => {
        const values = random.fillUniform(new Float32Array(inFeatures * outFeatures), 0, 1);
        return [name, values, tf.tensor2d(values, [outFeatures, inFeatures])] as const;
      });
      set(anchor, Object.fromEntries(drawn.map(([name, , tensor]) => [name, tensor])), 'separate');
      const fisher = new Map(drawn.map(([name, values]) => [name, Float64Array.from(values)]));
      tasks.push({ deltas: deltasOf(adapter), fisher });
      adapter.afterTask();
    }
    await learn(3);
    const now = deltasOf(adapter);
    let plain = 0;
    for (const { deltas, fisher } of tasks) {
      for (const [site, delta] of deltas) {
        const [f, w] = [fisher.get(site), now.get(site)] as Float64Array[];
        for (let i = 0; i < delta.length; i++) plain += f[i] * (w[i] - delta[i]) ** 2;
      }
    }
    expect(Math.abs(distanceOf(anchor) / plain - 1)).toBeLessThan(1e-5);
    for (const part of [anchor, adapter, backbone]) part.dispose();
  });

  it('cost nothing where a task begins, and have the gradient of the plain formula from there', async () => {
    const backbone = await toyLlama();
    const adapter = toyLora(backbone, { growth });
    const anchor = new WeightAnchor(adapter, 'merged');
    await adapter.beforeTask({ taskIndex: 0 } as TaskMoment);
    const fisher = Object.fromEntries(
      adapter.sites.map(({ name, inFeatures, outFeatures }, i) => [
        name,
        tf.randomUniform([outFeatures, inFeatures], 0, 1, 'float32', i),
      ]),
    );
    anchor.set(fisher, 'separate');
    adapter.afterTask();
    await adapter.beforeTask({ taskIndex: 1 } as TaskMoment);
    expect(distanceOf(anchor)).toBe(0);
    const variables = adapter.trainable();
    tf.tidy(() => {
      Object.values(variables).forEach((variable, i) => {
        variable.assign(tf.randomNormal(variable.shape, 0, 0.3, 'float32', i + 50));
      });
      const plain = () =>
        tf.addN(
          adapter.sites.map(({ name }) => {
            const [a, b] = [variables[`${name}.lora_A`], variables[`${name}.lora_B`]] as unknown as tf.Tensor2D[];
            return tf.sum(tf.mul(fisher[name], tf.square(tf.mul(tf.matMul(b, a), 2))));
          }),
        ) as tf.Scalar;
      const got = tf.variableGrads(() => anchor.distance(), Object.values(variables));
      const want = tf.variableGrads(plain, Object.values(variables));
      expectClose(got.value, want.value, 1e-3, 'distance');
      for (const name of Object.keys(want.grads)) expectClose(got.grads[name], want.grads[name], 1e-3, name);
    });
    tf.dispose(fisher);
    for (const part of [anchor, adapter, backbone]) part.dispose();
  });
});
