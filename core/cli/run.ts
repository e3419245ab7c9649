import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { parse } from 'yaml';
import { loadConfig } from '../config/load.js';
import { PluginRegistry } from '../container/plugin-registry.js';
import { problem } from '../errors.js';
import { comparisonTable, readFinishedRun } from '../report/comparison.js';
import { ConsoleReport } from '../report/console.js';
import { type PreparedRun, prepareRun, type RunRequest, runPrepared } from '../run/run.js';
import { defaultRunFolder } from '../run/run-directory.js';
import type { ProfileSettings } from '../run/run-profile.js';
import { assertKind } from '../sweep/config-kind.js';
import { downloadProgress } from './download-progress.js';
import { interruptible } from './interruption.js';
import { collect, wholeNumber } from './model-options.js';

interface RunOptions {
  readonly set?: readonly string[];
  readonly out?: string;
  readonly engine?: string;
  readonly seed?: string;
  /** A directory where one was named. */
  readonly resume?: boolean | string;
  readonly allowIdle?: boolean;
  readonly profile?: boolean;
  readonly profileSteps?: number;
}

const PROFILE_STEPS = 5;

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
    .option('--profile', 'write where the time goes: profile.json, profile-summary.json')
    .option(
      '--profile-steps <count>',
      `steps of each task that --profile records (default: ${PROFILE_STEPS})`,
      wholeNumber(1),
    )
    .action(run);
}

/** A config and the directory that its run writes. */
interface PlannedRun {
  readonly config: string;
  /** What the run is called in the table. */
  readonly name: string;
  /** Absolute. */
  readonly folder: string;
}

async function run(configs: readonly string[], options: RunOptions): Promise<void> {
  const { set, engine, seed, allowIdle } = options;
  const overrides = { set, engine, seed: seed === undefined ? undefined : parse(seed), allowIdle };
  const planned = plan(configs, options);
  const profile = profileOf(options);
  const registry = new PluginRegistry();
  const prepared: PreparedRun[] = [];
  for (const { config, folder } of planned) {
    assertKind(config, 'run');
    const loaded = loadConfig(config, overrides);
    const request = { ...reporting(), loaded, folder, resume: Boolean(options.resume), profile };
    prepared.push(await prepareRun(request, registry));
  }
  for (const one of prepared) {
    if (one.state === 'over') process.stdout.write(`over already: ${one.directory.folder}\n`);
    else await interruptible(one.directory.folder, () => runPrepared(one));
  }
  if (planned.length < 2) return;
  const finished = planned.map(({ name, folder }) => readFinishedRun(folder, name));
  process.stdout.write(`\n${comparisonTable(finished, process.stdout.columns ?? 120)}\n`);
}

/** @throws PalimpsestError USAGE */
function profileOf({ profile, profileSteps }: RunOptions): ProfileSettings | undefined {
  if (profileSteps !== undefined && !profile) throw usage('--profile-steps with --profile', 'without it');
  return profile ? { steps: profileSteps ?? PROFILE_STEPS } : undefined;
}

export function reporting(): Pick<RunRequest, 'observers' | 'logger' | 'progress'> {
  const report = new ConsoleReport(process.stdout, process.stderr);
  const logger = {
    info: (message: string) => report.remarked(message),
    warn: (message: string) => report.warned(message),
  };
  return { observers: [report], logger, progress: downloadProgress() };
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
    const config = path.join(folder, 'config.json');
    if (!isFile(config)) throw noRun(folder);
    return [{ config, name: 'config', folder: path.resolve(folder) }];
  }
  const names = configs.map(nameOf);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined && folder !== undefined) throw usage('configs of different names', `two called "${twice}"`);
  const folders = folder === undefined ? defaultFolders(configs) : names.map((name) => path.resolve(folder, name));
  if (folder !== undefined && configs.length === 1) folders[0] = path.resolve(folder);
  return configs.map((config, i) => {
    return { config, name: twice === undefined ? names[i] : config, folder: folders[i] };
  });
}

function defaultFolders(configs: readonly string[]): string[] {
  const now = new Date();
  const folders: string[] = [];
  for (const config of configs) folders.push(defaultRunFolder(path.resolve(config), now, folders));
  return folders;
}

const usage = (expected: string, got: string) =>
  problem('USAGE', { expected, got, remedy: 'See `palimpsest run --help`.' });

const noRun = (folder: string) =>
  problem('USAGE', {
    where: `--resume ${folder}`,
    expected: 'the directory of a run',
    got: existsSync(folder) ? 'one without config.json' : 'no such directory',
    remedy: `There is no run in ${folder}: check the path, or name a config to begin one there.`,
  });

function isFile(name: string): boolean {
  return existsSync(name) && statSync(name).isFile();
}

function nameOf(config: string): string {
  return path.basename(config, path.extname(config));
}
