/*
 * Seconds from opening a model's files to its weights standing in the engine, of one model as GGUF (4 and 8 bits) and as safetensors
 * (float32, made from the GGUF in a temporary folder), in turn.
 *
 *     node benchmarks/run.js loading [--engine native] [--rounds 7]
 *
 * The figures go to results/loading-<engine>.json.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type EngineName, useEngine } from '../core/engine/engine.js';
import { findModel, type ModelFiles } from '../core/weights/model-files.js';
import { openWeights } from '../core/weights/open.js';
import { LlamaBackbone } from '../plugins/llama/backbone.js';
import { alternating, writeResult } from './alternating.js';
import { commandOf, comparison, megabytes, rounded } from './figures.js';
import { asSafetensors } from './safetensors-copy.js';

/** @param folder benchmarks/, absolute */
export async function main(args: string[], folder: string): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { engine: { type: 'string', default: 'native' }, rounds: { type: 'string', default: '7' } },
  });
  const engine = await useEngine(values.engine as EngineName);
  const rounds = Number(values.rounds);
  const scratch = mkdtempSync(path.join(tmpdir(), 'loading-'));
  try {
    const gguf = await findModel('smollm2-135m-instruct', { folder });
    const formats = { gguf, safetensors: await asSafetensors(gguf, scratch) };
    const bytes = {
      gguf: statSync(gguf.path).size,
      safetensors: statSync(path.join(scratch, 'model.safetensors')).size,
    };
    const work = new Map(Object.entries(formats).map(([name, files]) => [name, () => load(files)]));
    for (const once of work.values()) await once();
    const rows = comparison(await alternating(work, rounds), 'format', 'gguf').map((row) => {
      const size = bytes[row.format as keyof typeof bytes];
      return { ...row, MB: megabytes(size), 'MB/s': rounded(size / 1e6 / row.median) };
    });
    console.table(rows);
    const command = commandOf('loading', args);
    writeResult(folder, { suite: 'loading', engine, rounds, command, rows });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

async function load(files: ModelFiles): Promise<void> {
  const source = await openWeights(files);
  const backbone = new LlamaBackbone(source, { recompute: 'auto' });
  await backbone.load();
  await source.close();
  backbone.dispose();
}
