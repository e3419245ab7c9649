/*
 * Seconds and memory of loading a model's weights: what is resident grows by the weights, and while they load never by more than
 * one tensor beyond them. Exits with 1 where it does by more than SLACK.
 *
 *     node benchmarks/run.js load [--engine native] [--model smollm2-135m-instruct]
 */
import { parseArgs } from 'node:util';
import { type EngineName, useEngine } from '../core/engine/engine.js';
import { findModel } from '../core/weights/model-files.js';
import { openWeights } from '../core/weights/open.js';
import { LlamaBackbone } from '../plugins/llama/backbone.js';

const MB = 1e6;
/** Bytes beyond weights and one tensor: the reader's buffer, and what the garbage collector has not got to. */
const SLACK = 150 * MB;

/** @param folder benchmarks/, absolute */
export async function main(args: string[], folder: string): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      engine: { type: 'string', default: 'native' },
      model: { type: 'string', default: 'smollm2-135m-instruct' },
    },
  });
  await useEngine(values.engine as EngineName);
  const source = await openWeights(await findModel(values.model, { folder }));
  const backbone = new LlamaBackbone(source, { recompute: 'auto' });
  const sizes = [...source.tensors.values()].map(({ shape }) => 4 * shape.reduce((product, n) => product * n, 1));
  const before = process.memoryUsage.rss();
  const start = performance.now();
  await backbone.load();
  const seconds = (performance.now() - start) / 1000;
  const peak = process.resourceUsage().maxRSS * 1024 - before;
  const [weights, largest] = [sizes.reduce((sum, size) => sum + size, 0), Math.max(...sizes)];
  const bound = weights + largest + SLACK;
  const rows = {
    seconds,
    'weights, MB': weights / MB,
    'largest tensor, MB': largest / MB,
    'peak growth, MB': peak / MB,
  };
  console.table(Object.fromEntries(Object.entries(rows).map(([name, value]) => [name, Number(value.toFixed(2))])));
  console.log(`${peak <= bound ? 'within' : 'BEYOND'} weights + one tensor + ${SLACK / MB} MB`);
  backbone.dispose();
  await source.close();
  if (peak > bound) process.exitCode = 1;
}
