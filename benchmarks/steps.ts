/*
 * Seconds of one optimizer step by method: SmolLM2-135M, 8 rows of 64 tokens, the last 8 the answer, r = 8 on q and v, in the
 * second task and after its first epoch. The methods take their steps in turn, so that noise hits all of them alike.
 *
 *     node benchmarks/run.js steps [--engine native] [--rounds 9] [--only NAME]...
 *
 * The figures go to results/steps-<engine>.json, but with --only.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type EngineName, useEngine } from '../core/engine/engine.js';
import { seededRandom } from '../core/index.js';
import { openTokenizer } from '../core/text/tokenizer.js';
import { findModel } from '../core/weights/model-files.js';
import { openWeights } from '../core/weights/open.js';
import { writeSafetensors } from '../core/weights/safetensors-write.js';
import { LlamaBackbone } from '../plugins/llama/backbone.js';
import { alternating, writeResult } from './alternating.js';
import { comparison } from './figures.js';
import { methods } from './steps/methods.js';
import { benchmarkExamples, Stage } from './steps/stage.js';

/** @param folder benchmarks/, absolute */
export async function main(args: string[], folder: string): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      engine: { type: 'string', default: 'native' },
      rounds: { type: 'string', default: '9' },
      only: { type: 'string', multiple: true, default: [] },
    },
  });
  const engine = await useEngine(values.engine as EngineName);
  const samples = await measure(folder, Number(values.rounds), values.only);
  const rows = comparison(samples, 'method', 'inc-lora');
  console.table(rows);
  if (values.only.length === 0) writeResult(folder, { suite: 'steps', engine, rounds: Number(values.rounds), rows });
}

/** Seconds of every method's steps. */
async function measure(folder: string, rounds: number, only: readonly string[]): Promise<Map<string, number[]>> {
  const scratch = mkdtempSync(path.join(tmpdir(), 'steps-'));
  const files = await findModel('smollm2-135m-instruct', { folder });
  const source = await openWeights(files);
  const backbone = new LlamaBackbone(source, { recompute: 'auto' });
  await backbone.load();
  try {
    const tokenizer = await openTokenizer(files);
    const vectors = path.join(scratch, 'vectors.safetensors');
    await writeVectors(vectors, backbone);
    const stages = new Map<string, Stage>();
    for (const method of methods(vectors)) {
      if (only.length > 0 && method.name !== 'inc-lora' && !only.includes(method.name)) continue;
      process.stderr.write(`${method.name} ...\n`);
      stages.set(method.name, await Stage.set(method, { backbone, tokenizer }, benchmarkExamples(folder)));
    }
    return await alternating(new Map([...stages].map(([name, stage]) => [name, () => stage.step()])), rounds);
  } finally {
    backbone.dispose();
    await source.close();
    rmSync(scratch, { recursive: true });
  }
}

/** Random mean head activations for the task; what they are changes no time. */
async function writeVectors(file: string, { sizes: { layers, heads, headWidth } }: LlamaBackbone): Promise<void> {
  const values = seededRandom(1)
    .stream('vectors')
    .fillUniform(new Float32Array(layers * heads * headWidth), -1, 1);
  await writeSafetensors(file, [{ name: 'step', shape: [layers, heads, headWidth], values }]);
}
