import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Override } from '../config/overrides.js';
import type { RunConfig } from '../config/schema.js';
import { textDigest } from '../digest.js';
import { problem } from '../errors.js';
import { firstDifference } from '../json-difference.js';
import { RunDirectory } from '../run/run-directory.js';
import { packageVersion } from '../version.js';
import type { Cell } from './cell.js';
import { Grid } from './grid.js';
import { SearchFile } from './search-file.js';

/** What a queue says of a cell. A worker runs the settings of its own copy of the grid, and none but those that the sweep has. */
export const cellJob = z.strictObject({
  /** The grid file and the folder of the sweep, relative to the workers' root. */
  grid: z.string().min(1),
  out: z.string().min(1),
  cell: z.string().min(1),
  /** Of a search: the options' values; the grid file is a search file then. */
  trial: z.record(z.string(), z.unknown()).optional(),
  /** The name of a repetition: what a worker has of an earlier one is not handed back. */
  anew: z.string().min(1).optional(),
  digest: z.string().min(1),
  /** The cell's config as the sweep has it, to name what differs. */
  config: z.record(z.string(), z.unknown()),
});

export type CellJob = z.infer<typeof cellJob>;

/** Files of a run directory that a worker hands back; summary.json, which makes a cell count as over, is the last. */
const handedBack = ['environment.json', 'inputs.json', 'scores.json', 'metrics.jsonl', 'summary.json'] as const;

/** What a worker gives back: the text of the files, by name. */
export const cellFiles = z.partialRecord(z.enum(handedBack), z.string());

export type CellFiles = z.infer<typeof cellFiles>;

/** The cell as a queue has it. @param place the grid file and the folder of the sweep, relative to the workers' root, and what else is particular to it */
export function jobOf(grid: Grid, cell: Cell, place: Pick<CellJob, 'grid' | 'out' | 'trial' | 'anew'>): CellJob {
  const { config } = grid.load(cell);
  const digest = cellDigest(config, cell, [place.out, place.anew]);
  return { ...place, cell: cell.id, digest, config };
}

/** The grid of a job in a worker's own files. @param file where it lies there @throws PalimpsestError CONFIG_* */
export function gridOf({ trial }: CellJob, file: string, overrides: readonly Override[]): Grid {
  return trial ? new SearchFile(file, overrides).trial(trial) : new Grid(file, overrides);
}

/** What `palimpsest` takes before a cell's name to find it in the job's grid. */
export function startOf({ trial }: Pick<CellJob, 'trial'>, file: string): string[] {
  return trial ? ['search', file, '--trial', JSON.stringify(trial)] : ['sweep', file];
}

/**
 * The cell of a job in a worker's own copy of the grid.
 * @throws PalimpsestError QUEUE_JOB where the copy has no such cell or another config, naming what differs
 */
export function cellOf({ cell: id, out, anew, digest, config }: CellJob, grid: Grid): Cell {
  const where = `${grid.file}, cell ${id}`;
  const cell = grid.cells.find((one) => one.id === id);
  if (!cell)
    throw problem('QUEUE_JOB', { where, expected: 'the grid that the sweep has', got: 'one without the cell' });
  const own = grid.load(cell).config;
  if (cellDigest(own, cell, [out, anew]) === digest) return cell;
  const found = firstDifference(config, JSON.parse(JSON.stringify(own)));
  throw problem('QUEUE_JOB', {
    where: found ? `${where}, ${found.place}` : where,
    expected: found ? `${found.before}, as the sweep has it` : 'the version of Palimpsest that the sweep has',
    got: found ? found.after : packageVersion(),
  });
}

/** Tells a cell, its whole config, the sweep's folder and the repetition from any other; paths count as they are written, not where they lead. */
function cellDigest(config: RunConfig, { id }: Cell, place: readonly (string | undefined)[]): string {
  return textDigest(JSON.stringify([packageVersion(), place, id, config], sortedKeys), 32);
}

/** Objects that differ in the order of their keys only are written alike. */
function sortedKeys(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** @param folder the cell's run directory, of a run that is over */
export function readCellFiles(folder: string): CellFiles {
  const there = handedBack.filter((name) => existsSync(path.join(folder, name)));
  return Object.fromEntries(there.map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]));
}

/**
 * Writes what another machine's run directory held, and the run's config with the paths of this machine; nothing where the run is there
 * already. @throws PalimpsestError OUTPUT_WRITE
 */
export function writeCellFiles(folder: string, files: CellFiles, config: RunConfig): void {
  const directory = new RunDirectory(folder);
  if (directory.isOver()) return;
  directory.writeJson('config.json', config);
  for (const name of handedBack) {
    const text = files[name];
    if (text !== undefined) directory.writeText(name, text);
  }
}

/** A path of a job within a root. @throws PalimpsestError QUEUE_JOB where it leads out of it */
export function within(root: string, relative: string, remedy?: string): string {
  const absolute = path.resolve(root, relative);
  const inner = path.relative(root, absolute);
  if (inner.split(path.sep)[0] !== '..' && !path.isAbsolute(inner)) return absolute;
  throw problem('QUEUE_JOB', { where: relative, expected: `a path within ${root}`, got: absolute, remedy });
}
