import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ActivationEdit } from '../../core/contracts/backbone.js';
import type { TrainingBatch } from '../../core/contracts/batch.js';
import type { TaskMoment } from '../../core/contracts/moments.js';
import type { PassRequest, PassResult } from '../../core/contracts/passes.js';
import { seededRandom } from '../../core/index.js';
import { BranchedRows } from '../../core/training/branched-rows.js';
import { branchGroups } from '../../core/training/branches.js';
import { dropoutDraw } from '../../core/training/dropout.js';
import { sharePasses } from '../../core/training/passes.js';
import type { PassResults } from '../../core/training/run-pass.js';
import { needsGradient, runGroups } from '../../core/training/run-passes.js';
import type { IncLora } from '../../plugins/inc-lora/adapter.js';
import type { LlamaBackbone } from '../../plugins/llama/backbone.js';
import { numbers, toyBatch, toyLlama, toyLora } from './toy-run.js';

const rows = toyBatch(['abcd', 'ef'], ['g', 'hij']);

/** Adds `by` to all channels of layer 0's residual stream at the answers' start. */
function nudge(by: number, where: ActivationEdit['where'] = 'answers'): ActivationEdit {
  return {
    site: 'model.layers.0',
    key: `nudge ${by}`,
    where,
    apply: (x, _, seen) => {
      const { answerStart, length } = seen as TrainingBatch;
      const values = new Float32Array(x.size);
      const width = x.shape[2] as number;
      for (const position of answerStart) values.fill(by, position * width, (position + 1) * width);
      return tf.add(x, tf.tensor(values, [x.shape[0], length, width]));
    },
  };
}

describe('rows laid out in branches', () => {
  const layout = new BranchedRows(rows, 2);

  it('hold the prompt once and the last prompt token and the answer twice: abc|def$|def$ and |ghij$|ghij$', () => {
    expect(layout.batch.length).toBe(11);
    expect([...layout.batch.mask]).toEqual([...Array(21).fill(1), 0]);
    expect([...(layout.batch.branches ?? [])].slice(0, 11)).toEqual([0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
    expect([...(layout.batch.positions ?? [])].slice(0, 11)).toEqual([0, 1, 2, 3, 4, 5, 6, 3, 4, 5, 6]);
    expect([...layout.batch.ids].slice(11, 21)).toEqual([9, 10, 11, 12, 0, 9, 10, 11, 12, 0]);
  });

  it('show each branch where its answers stand', () => {
    const { answerStart, answerPositions, labels } = layout.seenBy(1);
    expect([...answerStart]).toEqual([7, 16]);
    expect([...answerPositions]).toEqual([7, 8, 9, 16, 17, 18, 19]);
    expect([...answerPositions].map((position) => labels[position + 1])).toEqual([7, 8, 0, 10, 11, 12, 0]);
  });

  it('know where each of their tokens came from', () => {
    expect([...layout.origins].slice(0, 11)).toEqual([0, 1, 2, 3, 4, 5, 6, 3, 4, 5, 6]);
    expect([...layout.origins].slice(11)).toEqual([7, 8, 9, 10, 11, 7, 8, 9, 10, 11, 7]);
  });
});

describe('passes that differ from the last prompt token on', () => {
  let backbone: LlamaBackbone;
  let adapter: IncLora;
  let tensors: number;
  beforeEach(async () => {
    backbone = await toyLlama();
    adapter = toyLora(backbone, { dropout: 0 });
    await started(adapter);
    gradients([{ logits: 'answers' }]); // an engine may keep weights in another layout from the first gradient on
    tensors = tf.memory().numTensors;
  });
  afterEach(() => {
    expect(tf.memory().numTensors).toBe(tensors);
    adapter.dispose();
    backbone.dispose();
  });

  async function started(one: IncLora): Promise<void> {
    await one.beforeTask({ taskIndex: 0 } as TaskMoment);
    tf.tidy(() => {
      for (const variable of Object.values(one.trainable())) {
        variable.assign(tf.randomNormal(variable.shape, 0, 0.3, 'float32', 5));
      }
    });
  }

  const groupsOf = (requests: readonly PassRequest[], of = adapter) =>
    branchGroups(sharePasses(requests, { rows }), of);

  function gradients(requests: PassRequest[], { apart = false, of = adapter, drops = false } = {}): number[][] {
    const dropout = drops ? dropoutDraw(seededRandom(1), 1, 0) : undefined;
    const model = { backbone, adapter: of };
    const shared = groupsOf(requests, of);
    const groups = apart ? shared.flat().map((pass) => [pass]) : shared;
    const run = (flowing: boolean) =>
      runGroups(
        groups.filter((group) => needsGradient(group) === flowing),
        model,
        dropout,
      );
    const loss = (fixed: PassResults) => {
      const results = new Map([...fixed, ...run(true)]);
      const terms = requests.map((request, i) =>
        tf.mul(tf.mean(tf.square((results.get(request) as PassResult).logits as tf.Tensor)), i + 1),
      );
      return tf.addN(terms) as tf.Scalar;
    };
    return tf.tidy(() => {
      const fixed = run(false);
      const { value, grads } = tf.variableGrads(() => loss(fixed), Object.values(of.trainable()));
      return [numbers(value), ...Object.values(grads).map(numbers)];
    });
  }

  function expectClose(got: number[][], want: number[][]): void {
    expect(got.length).toBe(want.length);
    for (const [i, values] of got.entries()) {
      const scale = Math.max(1, ...want[i].map(Math.abs));
      expect(Math.max(...values.map((value, j) => Math.abs(value - want[i][j])))).toBeLessThan(2e-5 * scale);
    }
  }

  const requests: PassRequest[] = [
    { logits: 'answers', edits: [nudge(0.5)] },
    { logits: 'answer-start' },
    { logits: 'real' },
    { logits: 'last', edits: [nudge(-1)] },
    { logits: 'answers', edits: [nudge(2)], gradient: false },
  ];

  it('run once, with the logits and gradients that each has by itself', () => {
    const forward = vi.spyOn(backbone, 'forward');
    const together = gradients(requests);
    expect(forward).toHaveBeenCalledTimes(1);
    expectClose(together, gradients(requests, { apart: true }));
    expect(forward).toHaveBeenCalledTimes(5);
    forward.mockRestore();
  });

  it('meet the same dropout as by themselves; those without gradient stay apart then and meet none', async () => {
    const dropping = toyLora(backbone, { dropout: 0.5 });
    await started(dropping);
    expect(groupsOf(requests, dropping).map((group) => group.length)).toEqual([3, 1]);
    const together = gradients(requests, { of: dropping, drops: true });
    expectClose(together, gradients(requests, { of: dropping, drops: true, apart: true }));
    expect(together[0]).not.toEqual(gradients(requests, { of: dropping })[0]);
    dropping.dispose();
  });

  it('stay apart where they differ in more: adapters, rows, edits elsewhere, captures, all positions', () => {
    const other = toyBatch(['ab', 'c']);
    const apart: PassRequest[] = [
      { logits: 'answers', adapters: 'initial', gradient: true },
      { logits: 'answers', rows: other },
      { logits: 'answers', edits: [nudge(3, 'any')] },
      { logits: 'answers', edits: [nudge(4)], captures: ['model.layers.1'] },
      { logits: 'all', edits: [nudge(5)] },
    ];
    expect(groupsOf([{ logits: 'answers' }, ...apart]).map((group) => group.length)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('stay apart over rows that are padded on the left or have no labels', () => {
    const left = { ...rows, mask: rows.mask.slice().reverse() };
    const unlabelled = { ...rows, answerStart: Int32Array.of(3, -1) };
    for (const some of [left, unlabelled]) {
      const pair: PassRequest[] = [{ rows: some }, { rows: some, edits: [nudge(1)] }];
      expect(groupsOf(pair).map((group) => group.length)).toEqual([1, 1]);
    }
  });
});
