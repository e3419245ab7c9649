import path from 'node:path';
import { Command } from 'commander';
import { parse } from 'yaml';
import { loadConfig } from '../config/load.js';
import { ConsoleReport } from '../report/console.js';
import { runConfig } from '../run/run.js';
import { defaultRunFolder } from '../run/run-directory.js';
import { downloadProgress } from './download-progress.js';

interface RunOptions {
  readonly set?: readonly string[];
  readonly out?: string;
  readonly engine?: string;
  readonly seed?: string;
}

/** `palimpsest run`: a config from beginning to end. */
export function runCommand(): Command {
  return new Command('run')
    .description('Run a config: train its tasks one after another, score them, and write the run directory.')
    .argument('<config>', 'YAML or JSON file')
    .option('--set <key=value>', 'override a value, for example training.batchSize=4 (repeatable)', collect)
    .option('--out <directory>', 'run directory, new or empty (default: runs/<config>-<time>)')
    .option('--engine <engine>', 'auto, native, wasm or cpu')
    .option('--seed <number>', 'seed of every random draw')
    .action(run);
}

function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}

async function run(config: string, { set, out, engine, seed }: RunOptions): Promise<void> {
  const loaded = loadConfig(config, { set, engine, seed: seed === undefined ? undefined : parse(seed) });
  const report = new ConsoleReport(process.stdout, process.stderr);
  await runConfig({
    loaded,
    folder: out === undefined ? defaultRunFolder(loaded.file, new Date()) : path.resolve(out),
    observers: [report],
    logger: {
      info: (message) => process.stderr.write(`${message}\n`),
      warn: (message) => report.warned(message),
    },
    progress: downloadProgress(),
  });
}
