import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { type Operation, type OperationWatcher, watchOperations } from '../../core/engine/watch-operations.js';

/** Notes operations, and the passes that gradients are taken by. */
class Notes implements OperationWatcher {
  listens = true;
  readonly operations: Operation[] = [];
  readonly passes: string[] = [];

  ran(operation: Operation): void {
    this.operations.push(operation);
  }

  pass<T>(name: string, run: () => T): T {
    this.passes.push(name);
    return run();
  }

  recorded() {
    return <T>(run: () => T): T => run();
  }

  get names(): string[] {
    return this.operations.map(({ name }) => name);
  }
}

let release = () => {};
afterEach(() => release());

function notes(): Notes {
  const made = new Notes();
  release = watchOperations(made);
  return made;
}

/** The native backend's own door. */
interface NativeDoor {
  readonly binding: { readonly TF_ATTR_BOOL: number; readonly TF_ATTR_TYPE: number; readonly TF_FLOAT: number };
  executeSingleOutput(name: string, attributes: object[], inputs: tf.Tensor[]): tf.Tensor;
  executeMultipleOutputs(name: string, attributes: object[], inputs: tf.Tensor[], count: number): tf.Tensor[];
}

describe('watched operations', () => {
  it('are told once each, with shapes, bytes, and what a product costs', () => {
    const noted = notes();
    tf.tidy(() => tf.matMul(tf.zeros([4, 2, 3]), tf.zeros([4, 5, 3]), false, true));
    const [{ inputs, outputs, bytes, flops, start, end }] = noted.operations.filter(
      ({ name }) => name === 'BatchMatMul',
    );
    expect({ inputs, outputs, bytes, flops }).toEqual({
      inputs: [
        [4, 2, 3],
        [4, 5, 3],
      ],
      outputs: [[4, 2, 5]],
      bytes: 4 * 2 * 5 * 4,
      flops: 4 * 2 * (2 * 5 * 3),
    });
    expect(end).toBeGreaterThanOrEqual(start);
  });

  it.each([
    [[3, 2], true],
    [[2, 3], false],
  ] as const)('cost 2 m n k with a left side of %j', (shape, transposed) => {
    const noted = notes();
    tf.tidy(() => tf.matMul(tf.zeros(shape as unknown as [number, number]), tf.zeros([3, 7]), transposed));
    expect(noted.operations.find(({ flops }) => flops !== undefined)?.flops).toBe(2 * 2 * 7 * 3);
  });

  it('hold those of the backward pass, and the passes', () => {
    const noted = notes();
    tf.tidy(() => tf.grad((x) => tf.sum(tf.square(x)))(tf.tensor1d([1, 2])));
    expect(noted.passes).toEqual(['forward', 'backward']);
    expect(noted.names).toEqual(expect.arrayContaining(['Square', 'Sum', 'Multiply']));
  });

  it('hold reads with their bytes, and none but asked for ones', () => {
    const values = tf.tidy(() => tf.square(tf.tensor1d([1, 2, 3])));
    const noted = notes();
    values.dataSync();
    values.dispose();
    expect(noted.operations.map(({ name, bytes }) => [name, bytes])).toEqual([['readSync', 12]]);
  });

  it('hold what is run on the native backend directly, once', ({ skip }) => {
    const backend = tf.backend() as unknown as NativeDoor;
    if (!backend.executeSingleOutput) return skip();
    const { TF_ATTR_BOOL, TF_ATTR_TYPE, TF_FLOAT } = backend.binding;
    const attribute = (name: string, value: boolean) => ({ name, type: TF_ATTR_BOOL, value });
    const type = { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT };
    const x = tf.tensor2d([1, 2], [1, 2]);
    const noted = notes();
    backend.executeSingleOutput('Square', [type], [x]).dispose();
    const turned = [attribute('transpose_a', true), attribute('transpose_b', false)];
    for (const product of backend.executeMultipleOutputs('MatMul', [...turned, type], [x, x], 1)) product.dispose();
    x.dispose();
    expect(noted.operations.map(({ name, flops }) => [name, flops])).toEqual([
      ['Square', undefined],
      ['MatMul', 2 * 2 * 2],
    ]);
  });

  it('that fail are not told of, and later ones are', () => {
    const noted = notes();
    expect(() => tf.engine().runKernel('NoSuchKernel', {})).toThrow();
    tf.square(tf.zeros([1])).dispose();
    expect(noted.names).not.toContain('NoSuchKernel');
    expect(noted.names).toContain('Square');
  });

  it('are not told of while nobody listens, nor after the release', () => {
    const noted = notes();
    noted.listens = false;
    tf.square(tf.zeros([1])).dispose();
    noted.listens = true;
    release();
    tf.square(tf.zeros([1])).dispose();
    expect(noted.operations).toEqual([]);
    expect(Object.hasOwn(tf.engine(), 'runKernel') || Object.hasOwn(tf.backend(), 'readSync')).toBe(false);
  });
});
