import { Command } from 'commander';
import { commandLine, type LoadedConfig, loadConfig } from '../config/load.js';
import { type Composition, composePlugins } from '../container/compose.js';
import { PluginRegistry } from '../container/plugin-registry.js';
import { PalimpsestError } from '../errors.js';
import { REFUSED } from '../exit-status.js';
import { dataTable } from '../report/data-table.js';
import { dataKey, inspectData } from '../run/inspect-data.js';
import { kindOf } from '../sweep/config-kind.js';
import { Grid } from '../sweep/grid.js';
import { SearchFile } from '../sweep/search-file.js';
import { collect } from './model-options.js';

/** `palimpsest data`: look at the data of configs. */
export function dataCommand(): Command {
  const command = new Command('data').description('Check the data that configs read.');
  command
    .command('check')
    .argument('<configs...>', 'YAML or JSON files of runs, grids or searches')
    .description('Read and check the data of each config, without a model: what there is, and what is missing.')
    .option('--set <key=value>', 'override a value, for example benchmark.maxTest=4 (repeatable)', collect)
    .action(check);
  return command;
}

/** A config whose plugins and options are right. */
interface CheckedConfig {
  readonly loaded: LoadedConfig;
  readonly plugins: Composition;
}

async function check(configs: readonly string[], { set }: { set?: readonly string[] }): Promise<void> {
  const registry = new PluginRegistry();
  const checked = new Map<string, CheckedConfig>();
  for (const name of configs) {
    await orTell([name], async () => {
      for (const [called, loaded] of configsOf(name, set)) {
        checked.set(called, { loaded, plugins: await composePlugins(loaded, registry) });
      }
    });
  }
  for (const names of alike(checked)) {
    await orTell(names, () => tell(names, checked.get(names[0]) as CheckedConfig));
  }
}

/** A run's config, or of a grid a cell of each benchmark, by the name that they are told under. */
function configsOf(file: string, set?: readonly string[]): [string, LoadedConfig][] {
  const kind = kindOf(file);
  if (kind === 'run') return [[file, loadConfig(file, { set })]];
  const overrides = commandLine({ set });
  const grid = kind === 'search' ? new SearchFile(file, overrides).probes()[0] : new Grid(file, overrides);
  return grid.byBenchmark().map((cell) => [`${file}, ${cell.benchmark}`, grid.load(cell)]);
}

/** Tells an error of the user's, and whose it is, and goes on, for the exit status to say so in the end. */
async function orTell(names: readonly string[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof PalimpsestError)) throw error;
    process.stderr.write(`${error.message} (${names.join('; ')})\n`);
    process.exitCode = REFUSED;
  }
}

/** Configs by what they read: those of one benchmark, seed and evaluation have the same data. */
function alike(checked: ReadonlyMap<string, CheckedConfig>): string[][] {
  const groups = new Map<string, string[]>();
  for (const [name, { plugins }] of checked) {
    const key = dataKey(plugins.resolved);
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  return [...groups.values()];
}

async function tell(names: readonly string[], { loaded, plugins }: CheckedConfig): Promise<void> {
  const logger = { info: say, warn: (message: string) => say(`warning: ${message}`) };
  const report = await inspectData(loaded, plugins, logger);
  const table = dataTable(report, process.stdout.columns ?? 120);
  process.stdout.write(`${names.join(', ')}: ${report.benchmark}\n${table}\n`);
}

function say(message: string): void {
  process.stderr.write(`${message}\n`);
}
