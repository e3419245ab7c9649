import type { Cell } from './cell.js';
import { objectiveOf } from './cell-result.js';
import type { Grid } from './grid.js';
import type { SearchFile, TrialValues } from './search-file.js';
import type { Suggester } from './suggester.js';
import type { SweepFolder } from './sweep-folder.js';

/** Values that a search tried, and what they came to. */
export interface Trial {
  /** From 1 on. */
  readonly number: number;
  readonly values: TrialValues;
  /** Mean of the figure over the cells; null where a cell failed or does not have it. */
  readonly objective: number | null;
  readonly cells: readonly Cell[];
}

/** How a search is run. */
export interface SearchRun {
  readonly search: SearchFile;
  readonly suggester: Suggester;
  readonly folder: SweepFolder;
  /** How many cells may run at a time. */
  readonly parallel: number;
  readonly signal: AbortSignal;
  /** Checks that cells which are over are those of the grid, and have read what the others have. */
  check(cells: readonly Cell[], grid: Grid): Promise<void>;
  /** Checks that what missing cells are to read is what the others have. */
  checkFiles(cells: readonly Cell[], grid: Grid): Promise<void>;
  /** Runs cells that are missing, and checks what they have read; those that fail stop no other. */
  run(missing: readonly Cell[]): Promise<unknown>;
  /** All trials so far, the newest last. */
  told(trials: readonly Trial[]): void;
}

/**
 * Asks for values, runs their cells and tells what they came to, until all trials are over or the signal is aborted. What is done
 * already is not run again: the same search asks for the same values.
 */
export async function runSearch(search: SearchRun): Promise<Trial[]> {
  const trials: Trial[] = [];
  while (trials.length < search.search.trials) {
    const batch = await askBatch(search, search.search.trials - trials.length);
    await runMissing(batch, search);
    if (search.signal.aborted) return trials;
    for (const { number, values, grid } of batch) {
      const objective = objectiveOf(search.folder.results(grid), grid, search.search.figure);
      await search.suggester.tell(number, objective);
      trials.push({ number: number + 1, values, objective, cells: grid.cells });
      search.told(trials);
    }
  }
  return trials;
}

interface Asked {
  readonly number: number;
  readonly values: TrialValues;
  readonly grid: Grid;
}

/** The next trial, or as many as may run at a time where what they try does not hang on what others came to. */
async function askBatch({ search, suggester, parallel }: SearchRun, left: number): Promise<Asked[]> {
  const batch: Asked[] = [];
  let cells = 0;
  do {
    const { number, values } = await suggester.ask();
    const grid = search.trial(values);
    batch.push({ number, values, grid });
    cells += grid.cells.length;
  } while (search.settings.sampler !== 'tpe' && cells < parallel && batch.length < left);
  return batch;
}

/** Runs the cells of trials that are not over, each once however many trials have it. */
async function runMissing(batch: readonly Asked[], { folder, check, checkFiles, run }: SearchRun): Promise<void> {
  for (const { grid } of batch) {
    const over = grid.cells.filter((cell) => folder.isOver(cell));
    await check(over, grid);
    await checkFiles(
      grid.cells.filter((cell) => !over.includes(cell)),
      grid,
    );
  }
  const cells = new Map(batch.flatMap(({ grid }) => grid.cells.map((cell) => [cell.id, cell])));
  const missing = [...cells.values()].filter((cell) => !folder.isOver(cell));
  if (missing.length > 0) await run(missing);
}

/** The trial with the highest objective, or the lowest; undefined where none has one. */
export function bestOf(trials: readonly Trial[], { settings }: Pick<SearchFile, 'settings'>): Trial | undefined {
  return ranked(trials, settings)[0];
}

/** Trials that have an objective, the best first. */
export function ranked(trials: readonly Trial[], { maximize }: Pick<SearchFile['settings'], 'maximize'>): Trial[] {
  const sign = maximize === undefined ? 1 : -1;
  return trials
    .filter(({ objective }) => objective !== null)
    .toSorted((a, b) => sign * ((a.objective as number) - (b.objective as number)));
}
