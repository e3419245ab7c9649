import { statSync } from 'node:fs';
import { Command } from 'commander';
import { type Diagnosis, diagnose, type EngineState } from '../engine/diagnosis.js';
import { gpuName } from '../engine/gpu.js';
import { listModels } from '../weights/cached-models.js';
import { modelsFolder } from '../weights/model-cache.js';
import { folderSize } from '../weights/watch-size.js';
import { aligned, readableBytes } from './aligned.js';

interface CachedModel {
  readonly model: string;
  readonly path: string;
  readonly bytes: number;
}

interface Findings extends Diagnosis {
  readonly gpu: string | null;
  readonly models: { readonly folder: string; readonly bytes: number; readonly entries: readonly CachedModel[] };
}

/** `palimpsest doctor`: what this machine offers, and how fast it is. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Show Node, engines with the speed of a 1024 x 1024 product, GPU, memory and the model cache.')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const findings = await examine();
      process.stdout.write(json ? `${JSON.stringify(findings, null, 2)}\n` : aligned(rows(findings)));
    });
}

async function examine(): Promise<Findings> {
  const found = listModels().flatMap(({ reference, files }) => (files ? [{ model: reference, path: files.path }] : []));
  const entries = await Promise.all(found.map(async (entry) => ({ ...entry, bytes: await pathSize(entry.path) })));
  const models = { folder: modelsFolder(), bytes: await folderSize(modelsFolder()), entries };
  return { ...(await diagnose()), gpu: gpuName() ?? null, models };
}

async function pathSize(path: string): Promise<number> {
  const stats = statSync(path);
  return stats.isFile() ? stats.size : folderSize(path);
}

function rows({ node, platform, auto, engines, gpu, memory, models }: Findings): [string, string][] {
  return [
    ['node', `${node} (${platform})`],
    ['engine', `${auto} (chosen by auto)`],
    ...engines.map((engine): [string, string] => [`  ${engine.name}`, engineLine(engine)]),
    ['gpu', gpu ?? 'none'],
    ['memory', `${readableBytes(memory.total)}, ${readableBytes(memory.free)} free`],
    ['models', `${models.folder} (${readableBytes(models.bytes)})`],
    ...models.entries.map(({ model, bytes }): [string, string] => [`  ${model}`, readableBytes(bytes)]),
  ];
}

function engineLine(engine: EngineState): string {
  if ('missing' in engine) {
    const remedy = engine.name === 'native' ? ' (`palimpsest engine install` sets it up)' : '';
    return `not available: ${engine.missing}${remedy}`;
  }
  const { info, gflops } = engine;
  const threads = `${info.threads} thread${info.threads === 1 ? '' : 's'}`;
  const bare = info.kernels === false && 'without its own operations (`palimpsest engine install` compiles them)';
  const speed = `${gflops.toFixed(1)} GFLOPS`;
  const parts = [info.tensorflow && `TensorFlow ${info.tensorflow}`, threads, info.gpu, bare, speed];
  return parts.filter(Boolean).join(', ');
}
