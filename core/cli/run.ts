import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { parse } from 'yaml';
import { type LoadedConfig, loadConfig } from '../config/load.js';
import { problem } from '../errors.js';
import { comparisonTable, readFinishedRun } from '../report/comparison.js';
import { ConsoleReport } from '../report/console.js';
import { isFinished } from '../run/resumed-run.js';
import { runConfig } from '../run/run.js';
import { defaultRunFolder } from '../run/run-directory.js';
import { downloadProgress } from './download-progress.js';

interface RunOptions {
  readonly set?: readonly string[];
  readonly out?: string;
  readonly engine?: string;
  readonly seed?: string;
  /** A directory where one was named. */
  readonly resume?: boolean | string;
  readonly allowIdle?: boolean;
}

/** `palimpsest run`: configs from beginning to end, one after another. */
export function runCommand(): Command {
  return new Command('run')
    .description('Run configs: train their tasks one after another, score them, and write a run directory for each.')
    .argument('[configs...]', 'YAML or JSON files; several end with a table of them side by side')
    .option('--set <key=value>', 'override a value, for example training.batchSize=4 (repeatable)', collect)
    .option(
      '--out <directory>',
      'run directory, new or empty (default: runs/<config>-<time>); of several, one above them',
    )
    .option('--engine <engine>', 'auto, native, wasm or cpu')
    .option('--seed <number>', 'seed of every random draw')
    .option('--resume [directory]', 'go on with an interrupted run in the directory, or in that of --out')
    .option('--allow-idle', 'go on where a plugin is found to do nothing')
    .action(run);
}

function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}

/** A config and the directory that its run writes. */
interface PlannedRun {
  readonly config: string;
  readonly folder: string;
}

async function run(configs: readonly string[], options: RunOptions): Promise<void> {
  const { set, engine, seed, allowIdle } = options;
  const overrides = { set, engine, seed: seed === undefined ? undefined : parse(seed), allowIdle };
  const planned = plan(configs, options).map((one) => ({ ...one, loaded: loadConfig(one.config, overrides) }));
  for (const one of planned) await runOne(one, Boolean(options.resume));
  if (planned.length < 2) return;
  const finished = planned.map(({ config, folder }) => readFinishedRun(folder, nameOf(config)));
  process.stdout.write(`\n${comparisonTable(finished, process.stdout.columns ?? 120)}\n`);
}

async function runOne({ loaded, folder }: PlannedRun & { loaded: LoadedConfig }, resume: boolean): Promise<void> {
  if (resume && isFinished(folder)) {
    process.stdout.write(`over already: ${folder}\n`);
    return;
  }
  const report = new ConsoleReport(process.stdout, process.stderr);
  await runConfig({
    loaded,
    folder,
    resume,
    observers: [report],
    logger: {
      info: (message) => process.stderr.write(`${message}\n`),
      warn: (message) => report.warned(message),
    },
    progress: downloadProgress(),
  });
}

/** @throws PalimpsestError USAGE */
function plan(configs: readonly string[], { out, resume }: RunOptions): PlannedRun[] {
  const named = typeof resume === 'string' ? resume : undefined;
  if (named !== undefined && isFile(named)) return plan([named, ...configs], { out, resume: true });
  if (named !== undefined && out !== undefined) throw usage('--out or the directory of --resume', 'both');
  const folder = out ?? named;
  if (resume && folder === undefined) throw usage('--resume with a directory, or with --out', 'neither');
  if (configs.length === 0) {
    if (!resume || folder === undefined) throw usage('a config', 'none');
    return [{ config: path.join(folder, 'config.json'), folder: path.resolve(folder) }];
  }
  const folderOf = (config: string) => {
    if (folder === undefined) return defaultRunFolder(path.resolve(config), new Date());
    return configs.length === 1 ? path.resolve(folder) : path.resolve(folder, nameOf(config));
  };
  return configs.map((config) => ({ config, folder: folderOf(config) }));
}

const usage = (expected: string, got: string) =>
  problem('USAGE', { expected, got, remedy: 'See `palimpsest run --help`.' });

function isFile(name: string): boolean {
  return existsSync(name) && statSync(name).isFile();
}

function nameOf(config: string): string {
  return path.basename(config, path.extname(config));
}
