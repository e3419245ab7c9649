import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ScoreRecord } from '../contracts/observer.js';
import { problem } from '../errors.js';
import { mean, paperScores, setScore } from '../evaluation/score-matrix.js';
import type { Cell } from './cell.js';
import { MEMORY, ofSummary, SECONDS } from './figures.js';
import type { GridConfig } from './grid-schema.js';
import type { RecordedInputs } from './sweep-inputs.js';

/** Figures by name; null where one was not measured. */
export type Figures = Readonly<Record<string, number | null>>;

/** What a finished cell measured. */
export interface CellResult {
  readonly cell: Cell;
  readonly figures: Figures;
  /** Figures of the model as it came; without those that were not measured. */
  readonly init: Figures;
  /** SHA-256 of the model's files, by name. */
  readonly model: Readonly<Record<string, string>>;
  /** What ran it: versions and engine. */
  readonly environment: Readonly<Record<string, unknown>>;
}

/** @param folder a directory of a run that is over @throws PalimpsestError INPUT_FILE */
export function readCellResult(cell: Cell, folder: string, { figures }: Pick<GridConfig, 'figures'>): CellResult {
  const summary = readJson(folder, 'summary.json') as Record<string, unknown>;
  const { rows, records, ...names } = readJson(folder, 'scores.json') as ScoresFile;
  const environment = readJson(folder, 'environment.json') as Record<string, unknown>;
  const { model } = readInputs(folder);
  const own = (row: number) => entries(figures, (figure) => meanOver(figure, records, row));
  const { total } = summary.seconds as { total: number };
  const told = Object.fromEntries(ofSummary.map((name) => [name, (summary[name] as number | null) ?? null]));
  const last = { ...told, ...own(rows.length - 1), [SECONDS]: total, [MEMORY]: summary.peakMemoryBytes as number };
  const first = records.filter(({ row }) => row === 0);
  const before = { ...paperScores(first, names), ...own(0) };
  const init = Object.fromEntries(Object.entries(before).filter(([, value]) => value !== null));
  return { cell, figures: last, init, model: model.sha256, environment };
}

/** What a run has read. @throws PalimpsestError INPUT_FILE */
export function readInputs(folder: string): RecordedInputs {
  return readJson(folder, 'inputs.json') as RecordedInputs;
}

/** Mean of a figure over all cells of a grid; null unless all of them are over and have it. */
export function objectiveOf(
  results: readonly CellResult[],
  { cells }: { readonly cells: readonly Cell[] },
  figure: string,
): number | null {
  const values = results.map(({ figures }) => figures[figure]);
  if (results.length < cells.length || values.some((value) => typeof value !== 'number')) return null;
  return mean(values as number[]);
}

interface ScoresFile {
  readonly rows: readonly string[];
  readonly tasks: readonly string[];
  readonly heldOut: readonly string[];
  readonly records: readonly ScoreRecord[];
}

type Figure = GridConfig['figures'][string];

/** Mean over the sets of a figure in a row of the scores; null unless all of them were measured. */
function meanOver({ sets, shots, metric }: Figure, records: readonly ScoreRecord[], row: number): number | null {
  const values = sets.map((set) => {
    const found = records.find((record) => record.row === row && record.set === set && record.shots === shots);
    return found && (metric === undefined ? setScore(found) : found.metrics[metric]);
  });
  if (values.some((value) => value === undefined)) return null;
  return mean(values);
}

function entries<T, R>(object: Readonly<Record<string, T>>, f: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, f(value)]));
}

function readJson(folder: string, name: string): unknown {
  const file = path.join(folder, name);
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw problem('INPUT_FILE', {
      where: file,
      expected: 'a file that a finished run wrote',
      got: (error as Error).message,
      remedy: 'Remove the directory, and the sweep runs the cell again.',
    });
  }
}
