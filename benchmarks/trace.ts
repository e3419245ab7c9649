/*
 * Seconds of causal tracing of one prompt of 125 tokens over all 270 heads of SmolLM2-135M, beside one run of the model over
 * the prompt with logits at its last token, in turn.
 *
 *     node benchmarks/run.js trace [--engine native] [--rounds 9] [--plain]
 *
 * With --plain the loop of a whole run for every head is timed too, once. The figures go to results/trace-<engine>.json.
 */
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { type EngineName, useEngine } from '../core/engine/engine.js';
import { type ModelView, padRows, seededRandom } from '../core/index.js';
import { modelView } from '../core/training/additions.js';
import { tracePrompt } from '../core/vectors/causal-trace.js';
import { plainTrace } from '../core/vectors/plain-trace.js';
import { findModel } from '../core/weights/model-files.js';
import { openWeights } from '../core/weights/open.js';
import { LlamaBackbone } from '../plugins/llama/backbone.js';
import { alternating, comparison, writeResult } from './alternating.js';

const TOKENS = 125;

/** @param folder benchmarks/, absolute */
export async function main(args: string[], folder: string): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      engine: { type: 'string', default: 'native' },
      rounds: { type: 'string', default: '9' },
      plain: { type: 'boolean', default: false },
    },
  });
  const engine = await useEngine(values.engine as EngineName);
  const source = await openWeights(await findModel('smollm2-135m-instruct', { folder }));
  const backbone = new LlamaBackbone(source, { recompute: 'auto' });
  await backbone.load();
  await source.close();
  const work = workOn(modelView(backbone));
  for (const run of [work.forward, work.trace]) run();
  const named = new Map([
    ['forward', work.forward],
    ['trace', work.trace],
  ]);
  const samples = await alternating(named, Number(values.rounds));
  if (values.plain)
    for (const [name, seconds] of await alternating(new Map([['plain loop', work.plain]]), 1))
      samples.set(name, seconds);
  const rows = comparison(samples, 'work', 'forward');
  console.table(rows);
  writeResult(folder, { suite: 'trace', engine, rounds: Number(values.rounds), rows });
  backbone.dispose();
}

/** What is timed; which tokens and means they are changes no time. */
function workOn(model: ModelView) {
  const { vocabulary, layers, heads, headWidth } = model.sizes;
  const stream = seededRandom(1).stream('trace');
  const tokens = Array.from({ length: TOKENS }, () => stream.below(vocabulary));
  const means = stream.fillUniform(new Float32Array(layers * heads * headWidth), -1, 1);
  const prompt = { tokens, answer: [stream.below(vocabulary)] };
  const settings = { means, answer: 'first-token' } as const;
  return {
    forward: () =>
      tf.tidy(() => {
        const { logits } = model.forward({ batch: padRows([tokens], { pad: 0 }), logits: 'last' });
        (logits as tf.Tensor).dataSync();
      }),
    trace: () => tracePrompt(model, prompt, settings),
    plain: () => plainTrace(model, prompt, settings),
  };
}
