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
    tf.tidy(() => {
      const gradients = tf.grads((...given: tf.Tensor[]) => operation(given).sum())(inputs);
      gradients[0].dataSync();
    });
  const work = new Map([
    ['fused', run(fused)],
    ['plain', run(plain)],
  ]);
  for (const once of work.values()) once();
  const samples = new Map([...(await alternating(work, rounds))].map(([way, seconds]) => [way, seconds]));
  const difference = tf.tidy(() => tf.max(tf.abs(tf.sub(fused(inputs), plain(inputs)))).dataSync()[0]);
  tf.dispose(inputs);
  return comparison(samples, 'way', 'fused').map(({ way, median, fastest, slowest, ...ratio }) => ({
    operation: name,
    way,
    ...{ median, fastest, slowest },
    ...ratio,
    'largest difference': rounded(difference),
  }));
}
