/*
 * Seconds of causal tracing of one prompt of 125 tokens over all 270 heads of SmolLM2-135M, beside one run of the model over
 * the prompt with logits at its last token, in turn.
 *
 *     node benchmarks/run.js trace [--engine native] [--rounds 9] [--plain]
 *     node benchmarks/run.js trace --shapes [--engine native] [--rounds 9]
 *
 * With --plain the loop of a whole run for every head is timed too, once. With --shapes the model has random weights and other
 * numbers of layers and heads, and the ratio stands beside what docs/commands/vectors.md predicts. The figures go to
 * results/trace-<engine>.json and results/trace-shapes-<engine>.json.
 */
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { type EngineName, useEngine } from '../core/engine/engine.js';
import { type ModelView, padRows, seededRandom } from '../core/index.js';
import { toyWeights } from '../core/testing/toy-weights.js';
import { modelView } from '../core/training/additions.js';
import { tracePrompt } from '../core/vectors/causal-trace.js';
import { plainTrace } from '../core/vectors/plain-trace.js';
import { findModel } from '../core/weights/model-files.js';
import { openWeights } from '../core/weights/open.js';
import type { WeightSource } from '../core/weights/source.js';
import { LlamaBackbone } from '../plugins/llama/backbone.js';
import { alternating, writeResult } from './alternating.js';
import { comparison } from './figures.js';

const TOKENS = 125;

/** @param folder benchmarks/, absolute */
export async function main(args: string[], folder: string): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      engine: { type: 'string', default: 'native' },
      rounds: { type: 'string', default: '9' },
      plain: { type: 'boolean', default: false },
      shapes: { type: 'boolean', default: false },
    },
  });
  const engine = await useEngine(values.engine as EngineName);
  const rounds = Number(values.rounds);
  if (values.shapes) {
    const rows: object[] = [];
    for (const shape of shapes) rows.push(await shapeRow(shape, rounds));
    console.table(rows);
    return writeResult(folder, { suite: 'trace-shapes', engine, rounds, rows });
  }
  const source = await openWeights(await findModel('smollm2-135m-instruct', { folder }));
  const rows = await withBackbone(source, (model) => traceRows(model, rounds, values.plain));
  console.table(rows);
  writeResult(folder, { suite: 'trace', engine, rounds, rows });
}

async function withBackbone<R>(source: WeightSource, use: (model: ModelView) => Promise<R>): Promise<R> {
  const backbone = new LlamaBackbone(source, { recompute: 'auto' });
  await backbone.load();
  await source.close();
  try {
    return await use(modelView(backbone));
  } finally {
    backbone.dispose();
  }
}

async function traceRows(model: ModelView, rounds: number, plain: boolean): Promise<object[]> {
  const { forward, trace, plain: loop } = workOn(model);
  for (const run of [forward, trace]) run();
  const samples = await alternating(
    new Map<string, () => unknown>([
      ['forward', forward],
      ['trace', trace],
    ]),
    rounds,
  );
  if (plain) samples.set('plain loop', (await alternating(new Map([['loop', loop]]), 1)).get('loop') ?? []);
  return comparison(samples, 'work', 'forward');
}

/** Layers and heads of models that are as wide as SmolLM2-135M. */
const shapes = [
  { layers: 10, heads: 9 },
  { layers: 20, heads: 9 },
  { layers: 30, heads: 9 },
  { layers: 30, heads: 18 },
];

async function shapeRow({ layers, heads }: (typeof shapes)[number], rounds: number): Promise<object> {
  const width = 576;
  const config = {
    ...{ hidden_size: width, intermediate_size: 1536, num_hidden_layers: layers, vocab_size: 49152 },
    ...{
      num_attention_heads: heads,
      num_key_value_heads: heads / 3,
      head_dim: width / heads,
      max_position_embeddings: 256,
    },
  };
  const rows = await withBackbone(toyWeights(config), (model) => traceRows(model, rounds, false));
  const [, { median, 'x forward': measured }] = rows as { median: number; 'x forward': number }[];
  return { layers, heads, seconds: median, 'x forward': measured, predicted: predicted({ layers, heads }) };
}

/** The ratio by products: T prompt tokens through P parameters of layers and V of the output head, and what the variants add. */
function predicted({ layers, heads }: (typeof shapes)[number]): number {
  const [perLayer, head] = [576 * (576 * 2 + 192 * 2 + 1536 * 3), 576 * 49152];
  const variants = heads * ((layers - 1) / 2 + 0.9);
  const [one, all] = [
    TOKENS * layers * perLayer + head,
    (TOKENS + variants) * layers * perLayer + (1 + layers * heads) * head,
  ];
  return Number((all / one).toFixed(2));
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
