import { Command } from 'commander';
import { commandLine } from '../config/load.js';
import { problem } from '../errors.js';
import { FAILED, INTERRUPTED } from '../exit-status.js';
import { RunDirectory } from '../run/run-directory.js';
import type { BenchmarkTable } from '../sweep/aggregate.js';
import type { Cell } from '../sweep/cell.js';
import type { CellCheck } from '../sweep/cell-check.js';
import type { CellEnd } from '../sweep/cell-process.js';
import { runSearch, type Trial } from '../sweep/run-search.js';
import { SearchFile, type TrialValues, trialOf } from '../sweep/search-file.js';
import { assertSameSearch, recordedTrials, searchRecord, searchTable, trialLine } from '../sweep/search-report.js';
import { type Suggester, startSuggester } from '../sweep/suggester.js';
import type { SweepFolder } from '../sweep/sweep-folder.js';
import {
  addCellOptions,
  type CellOptions,
  cellCheck,
  folderOf,
  outcomeOf,
  parallelOf,
  runCell,
  runWhereAsked,
} from './cells.js';
import { downloadProgress } from './download-progress.js';
import { stoppable } from './interruption.js';

interface SearchOptions extends CellOptions {
  readonly python: string;
  readonly trial?: string;
}

/** `palimpsest search`: a grid with the option values that a sampler asks for, trial after trial. */
export function searchCommand(): Command {
  const command = new Command('search')
    .description("Search a grid's options for the best of a figure, with a sampler of Optuna.")
    .argument('<search>', 'YAML or JSON file; docs/commands/search.md has its form');
  return addCellOptions(command)
    .option('--python <program>', 'Python 3 with Optuna', 'python3')
    .option('--trial <json>', "with --cell: the options' values")
    .action(searchFor);
}

async function searchFor(file: string, options: SearchOptions): Promise<void> {
  const search = new SearchFile(file, commandLine(options));
  const folder = folderOf(file, options);
  if (options.cell !== undefined) return runCell(search.trial(valuesOf(options, search)), folder, options.cell);
  const check = cellCheck(folder);
  await checkProbes(search, check, options);
  const suggester = await startSuggester(options.python, search.settings);
  try {
    const release = folder.lock();
    try {
      assertSameSearch(folder.folder, search);
      await runTrials({ search, options, folder, suggester, check });
    } finally {
      release();
    }
  } finally {
    suggester.close();
  }
}

/** Every value of the space in every cell, the data, figures and models, before the first trial. */
async function checkProbes(search: SearchFile, check: CellCheck, { redis }: SearchOptions): Promise<void> {
  const probes = search.probes().map((grid) => ({ grid, cells: grid.cells }));
  for (const probe of probes) await check.cells(probe);
  for (const probe of probes) {
    const scored = await check.data(probe);
    probe.grid.assertMeasured(scored);
    search.assertMeasured(scored);
    if (redis === undefined) await check.models(probe, downloadProgress());
  }
}

/** @throws PalimpsestError USAGE */
function valuesOf({ trial = '' }: SearchOptions, { settings }: SearchFile): TrialValues {
  const options = Object.keys(settings.space);
  try {
    const values = JSON.parse(trial) as TrialValues;
    if (options.every((option) => Object.hasOwn(values, option))) return values;
  } catch {
    // Told below.
  }
  throw problem('USAGE', { where: '--trial', expected: `JSON with a value of ${options.join(', ')}`, got: trial });
}

interface Search {
  readonly search: SearchFile;
  readonly options: SearchOptions;
  readonly folder: SweepFolder;
  readonly suggester: Suggester;
  readonly check: CellCheck;
}

async function runTrials({ search, options, folder, suggester, check }: Search): Promise<void> {
  const { sampler } = search.settings;
  const said = `${search.trials} trials, sampler ${sampler} of Optuna ${suggester.version}, written to ${folder.folder}`;
  process.stdout.write(`${said}\n`);
  const told = (trials: readonly Trial[]) => {
    process.stdout.write(`${trialLine(search, trials)}\n`);
    if (trials.length >= recordedTrials(folder.folder)) write(trials, { search, folder, suggester });
  };
  const gridOf = (cell: Cell) => search.trial(trialOf(cell));
  const how = { file: search.file, options, folder, check, gridOf, trialOf, ended };
  await stoppable(async (signal) => {
    const trials = await runSearch({
      ...{ search, suggester, folder, parallel: parallelOf(options), signal, told },
      check: (cells, grid) => check.cells({ cells, grid }),
      checkFiles: async (cells, grid) => {
        await check.data({ cells, grid });
        if (options.redis === undefined) await check.models({ cells, grid }, downloadProgress());
      },
      run: (cells) => runWhereAsked(cells, { ...how, signal }),
    });
    if (trials.length >= recordedTrials(folder.folder)) {
      await folder.drawFrontiers(write(trials, { search, folder, suggester }));
    }
    process.stdout.write(`\n${searchTable(search, trials)}`);
    if (trials.some(({ objective }) => objective === null)) process.exitCode = FAILED;
    if (trials.length < search.trials) process.exitCode = INTERRUPTED;
  });
}

async function ended({ id }: Cell, end: CellEnd): Promise<void> {
  if (end.ended !== 'done') process.stdout.write(`${id}  ${outcomeOf(end)}\n`);
}

/** Writes search.json, search.md and the tables of all cells. */
function write(
  trials: readonly Trial[],
  { search, folder, suggester }: Pick<Search, 'search' | 'folder' | 'suggester'>,
): BenchmarkTable[] {
  const directory = new RunDirectory(folder.folder);
  directory.writeJson('search.json', searchRecord(search, trials, suggester.version));
  directory.writeText('search.md', searchTable(search, trials));
  const cells = new Map(trials.flatMap((trial) => trial.cells.map((cell) => [cell.id, cell])));
  return folder.writeTables({ file: search.file, config: search.config, cells: [...cells.values()] });
}
