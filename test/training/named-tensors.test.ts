import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { expectNoLeak } from '../../core/testing/index.js';
import { copyTensors, groupOf, growTensors, joinGroups, mapTensors } from '../../core/training/named-tensors.js';
import { numbers } from './toy-run.js';

it('maps tensors by name and frees what was made on the way', () =>
  expectNoLeak(() => {
    const tensors = { a: tf.tensor1d([1, 2]), b: tf.tensor1d([3]) };
    const mapped = mapTensors(tensors, (tensor, name) => tf.add(tf.mul(tensor, 2), name === 'b' ? 1 : 0));
    expect([numbers(mapped.a), numbers(mapped.b)]).toEqual([[2, 4], [7]]);
    tf.dispose([tensors, mapped]);
  }));

it('grows sums that outlive a tidy, frees the old ones and leaves what was added', () =>
  expectNoLeak(() => {
    const sums = {};
    const more = { a: tf.tensor1d([1, 2]) };
    tf.tidy(() => growTensors(sums, more));
    tf.tidy(() => growTensors(sums, { a: tf.tensor1d([10, 20]), b: tf.scalar(5) }));
    expect(numbers((sums as Record<string, tf.Tensor>).a)).toEqual([11, 22]);
    expect(numbers((sums as Record<string, tf.Tensor>).b)).toEqual([5]);
    expect(numbers(more.a)).toEqual([1, 2]);
    tf.dispose([sums, more]);
  }));

it('joins groups by GROUP/NAME and takes them apart, the very tensors', () =>
  expectNoLeak(() => {
    const groups = { s0: { 'layer/w': tf.scalar(1) }, s01: { 'layer/w': tf.scalar(2) } };
    const joined = joinGroups(groups);
    expect(Object.keys(joined)).toEqual(['s0/layer/w', 's01/layer/w']);
    expect(groupOf(joined, 's0')['layer/w']).toBe(groups.s0['layer/w']);
    expect(Object.keys(groupOf(joined, 's0'))).toEqual(['layer/w']);
    tf.dispose(groups);
  }));

it('copies tensors, so that the copies outlive them', () =>
  expectNoLeak(() => {
    const own = { a: tf.scalar(4) };
    const copies = copyTensors(own);
    tf.dispose(own);
    expect(numbers(copies.a)).toEqual([4]);
    tf.dispose(copies);
  }));
