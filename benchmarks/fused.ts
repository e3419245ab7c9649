/*
 * Seconds of each fused operation beside the plain composition of TensorFlow.js operations that it stands for, forward and backward in
 * float32, with the sizes of a step on SmolLM2-135M: 8 rows of 64 tokens, 64 logit rows, r = 8.
 *
 *     node benchmarks/run.js fused [--engine native] [--rounds 30]
 *
 * The figures go to results/fused-<engine>.json.
 */
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { type EngineName, useEngine } from '../core/engine/engine.js';
import { alternating, writeResult } from './alternating.js';
import { commandOf, comparison, rounded } from './figures.js';
import { type OperationPair, operationPairs } from './fused/operations.js';

/** @param folder benchmarks/, absolute */
export async function main(args: string[], folder: string): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { engine: { type: 'string', default: 'native' }, rounds: { type: 'string', default: '30' } },
  });
  const engine = await useEngine(values.engine as EngineName);
  const rounds = Number(values.rounds);
  const rows: object[] = [];
  for (const pair of operationPairs()) rows.push(...(await compared(pair, rounds)));
  console.table(rows);
  const command = commandOf('fused', args);
  writeResult(folder, { suite: 'fused', engine, rounds, command, rows });
}

async function compared({ name, inputs, fused, plain }: OperationPair, rounds: number): Promise<object[]> {
  const run = (operation: OperationPair['fused']) => () =>
    tf.tidy(() => void gradients(operation, inputs)[0].dataSync());
  const work = new Map([
    ['fused', run(fused)],
    ['plain', run(plain)],
  ]);
  for (const once of work.values()) once();
  const samples = await alternating(work, rounds);
  const difference = tf.tidy(() =>
    largest([fused(inputs), ...gradients(fused, inputs)], [plain(inputs), ...gradients(plain, inputs)]),
  );
  tf.dispose(inputs);
  return comparison(samples, 'way', 'fused').map((row) => ({
    operation: name,
    ...row,
    'largest difference': rounded(difference),
  }));
}

/** Of the sum of the operation's values, with respect to every input. */
function gradients(operation: OperationPair['fused'], inputs: tf.Tensor[]): tf.Tensor[] {
  return tf.grads((...given: tf.Tensor[]) => tf.sum(operation(given)))(inputs);
}

function largest(a: readonly tf.Tensor[], b: readonly tf.Tensor[]): number {
  return Math.max(...a.map((tensor, i) => tf.max(tf.abs(tf.sub(tensor, b[i]))).dataSync()[0]));
}
