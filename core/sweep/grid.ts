import path from 'node:path';
import { type ConfigFile, type ConfigPath, partOfFile, readConfigFile } from '../config/config-file.js';
import { type MergedConfig, mergedOverExtended, readMergedConfig } from '../config/extends.js';
import { joinLayers } from '../config/layers.js';
import { checkedConfig, type LoadedConfig } from '../config/load.js';
import { didYouMean } from '../config/nearest.js';
import { ConfigOrigin } from '../config/origin.js';
import { makeOverride, type Override } from '../config/overrides.js';
import { validate } from '../config/validate.js';
import { problem } from '../errors.js';
import { assertFigure, gainNames } from './figures.js';
import { type OptionValue, optionCombinations } from './grid-options.js';
import { type CellLabels, type ConfigPart, type GridConfig, gridSchema } from './grid-schema.js';
import { assertSomeMeasure, type ScoredBenchmark } from './measured-figures.js';

/** One run of a grid. */
export interface Cell {
  /** Names the cell and its folder: `FUNC/ewc+ivg,learningRate=0.001/seed-1`. */
  readonly id: string;
  readonly benchmark: string;
  readonly base: string;
  readonly add: string;
  readonly options: readonly OptionValue[];
  readonly seed: number;
}

/** What a file says of a grid. */
export interface GridSource {
  readonly file: ConfigFile;
  readonly config: GridConfig;
  /** Where in the file the values of options stand. */
  readonly optionsAt: ConfigPath;
}

/** @throws PalimpsestError CONFIG_FILE, CONFIG_KEY, CONFIG_VALUE with file and line */
function readGrid(name: string): GridSource {
  const file = readConfigFile(name);
  const origin = new ConfigOrigin([file]);
  const config = validate(gridSchema, file.value, { origin, listedBy: 'docs/commands/sweep.md' });
  return { file, config, optionsAt: ['options'] };
}

/** A grid file that has been read and checked. */
export class Grid {
  readonly config: GridConfig;
  readonly cells: readonly Cell[];
  private readonly source: ConfigFile;
  private readonly optionsAt: ConfigPath;

  /** @throws PalimpsestError CONFIG_FILE, CONFIG_KEY, CONFIG_VALUE with file and line */
  constructor(
    readonly file: string,
    /** What the command line sets, after all else. */
    private readonly overrides: readonly Override[] = [],
    source = readGrid(file),
  ) {
    this.source = source.file;
    this.config = source.config;
    this.optionsAt = source.optionsAt;
    const origin = new ConfigOrigin([this.source]);
    this.refuseUnknownNames(origin);
    this.refuseUnknownFigures(origin);
    this.refuseOverriddenAxes();
    this.cells = this.expand();
    this.refuseEqualIds();
  }

  /** The run's config. @throws PalimpsestError CONFIG_FILE, CONFIG_KEY, CONFIG_VALUE */
  load(cell: Cell): LoadedConfig {
    const { shared, base, add, benchmark, cells } = this.config;
    const layers = [
      this.layer(shared, ['shared']),
      this.layer(base[cell.base], ['base', cell.base]),
      this.layer(add[cell.add], ['add', cell.add]),
      this.layer(benchmark[cell.benchmark], ['benchmark', cell.benchmark]),
      ...cells.flatMap(({ config, ...labels }, i) =>
        matches(cell, labels) ? [this.layer(config, ['cells', i, 'config'])] : [],
      ),
    ];
    const { value, files } = joinLayers(layers);
    const whole: ConfigFile = { name: this.file, value: {}, locate: () => undefined };
    const varied = cell.options.map(({ option, value }) =>
      makeOverride(this.place([...this.optionsAt, option]), option.split('.'), value),
    );
    const seed = makeOverride(this.place(['seeds']), ['seed'], cell.seed);
    return checkedConfig(this.file, { value, files: [...files, whole] }, [...varied, seed, ...this.overrides]);
  }

  /** The first cell of every benchmark that has any. */
  byBenchmark(cells = this.cells): Cell[] {
    return cells.filter(({ benchmark }, i) => cells.findIndex((cell) => cell.benchmark === benchmark) === i);
  }

  private place(inner: ConfigPath): string {
    return [this.source.locate(inner) ?? this.file, inner.join('.')].join(', ');
  }

  private layer(part: ConfigPart, place: ConfigPath): MergedConfig {
    if (typeof part !== 'string' && !Array.isArray(part)) {
      return place[0] in this.source.value ? mergedOverExtended(partOfFile(this.source, place)) : joinLayers([]);
    }
    const files = [part].flat().map((file) => path.join(path.dirname(this.file), file));
    return joinLayers(files.map(readMergedConfig));
  }

  private expand(): Cell[] {
    const { base, add, benchmark, except } = this.config;
    const combinations = optionCombinations(this.config.options);
    const cells = Object.keys(benchmark).flatMap((benchmark) =>
      Object.keys(base).flatMap((base) =>
        Object.keys(add).flatMap((add) =>
          combinations.flatMap((options) =>
            this.seedsOf(benchmark).map((seed) => named({ benchmark, base, add, options, seed })),
          ),
        ),
      ),
    );
    return cells.filter((cell) => !except.some((labels) => matches(cell, labels)));
  }

  private seedsOf(benchmark: string): readonly number[] {
    const { seeds } = this.config;
    return Array.isArray(seeds) ? seeds : (seeds[benchmark] ?? []);
  }

  private refuseUnknownNames(origin: ConfigOrigin): void {
    const { seeds, cells, except } = this.config;
    const labelled = (key: string, some: readonly CellLabels[]) =>
      some.flatMap((labels, i) => axes.map((axis) => ({ axis, name: labels[axis], place: [key, i, axis] })));
    const bySeed = (Array.isArray(seeds) ? [] : Object.keys(seeds)).map((name) => {
      return { axis: 'benchmark' as const, name, place: ['seeds', name] };
    });
    for (const { axis, name, place } of [...bySeed, ...labelled('cells', cells), ...labelled('except', except)]) {
      const known = Object.keys(this.config[axis]);
      if (name === undefined || known.includes(name)) continue;
      const expected = `a name from \`${axis}\`: ${known.join(', ')}`;
      throw problem('CONFIG_VALUE', { where: origin.where(place), expected, got: `${name}${didYouMean(name, known)}` });
    }
  }

  private refuseUnknownFigures(origin: ConfigOrigin): void {
    const { plasticity, retention } = this.config.frontier;
    const named = [
      { figure: plasticity, place: ['frontier', 'plasticity'] },
      ...retention.map((figure, i) => ({ figure, place: ['frontier', 'retention', i] })),
    ];
    for (const { figure, place } of named) assertFigure(figure, gainNames(this.config), origin.where(place));
  }

  /** What the grid varies cannot be set from outside: the names of cells would say something else than they are. */
  private refuseOverriddenAxes(): void {
    const varied = ['seed', ...Object.keys(this.config.options)];
    for (const { path, name } of this.overrides) {
      const set = path.join('.');
      const option = varied.find((one) => `${one}.`.startsWith(`${set}.`) || `${set}.`.startsWith(`${one}.`));
      if (option === undefined) continue;
      throw problem('USAGE', {
        ...{ where: name, expected: 'an option that the grid does not vary', got: option },
        remedy: `Change \`${option === 'seed' ? 'seeds' : this.optionsAt.join('.')}\` in ${this.file}.`,
      });
    }
  }

  /** @param benchmarks all of the grid's @throws PalimpsestError CONFIG_VALUE where a figure of the grid is measured on none of them */
  assertMeasured(benchmarks: readonly ScoredBenchmark[]): void {
    const origin = new ConfigOrigin([this.source]);
    assertSomeMeasure(this.config.figures, benchmarks, (place) => origin.where(place));
  }

  private refuseEqualIds(): void {
    const ids = this.cells.map(({ id }) => id.toLowerCase());
    const twice = this.cells.find(({ id }, i) => ids.indexOf(id.toLowerCase()) < i);
    if (twice)
      throw problem('CONFIG_VALUE', {
        where: this.file,
        expected: 'cells of different names',
        got: `two called ${twice.id}`,
      });
  }
}

const axes = ['base', 'add', 'benchmark'] as const;

function matches(cell: Cell, labels: CellLabels): boolean {
  return axes.every((axis) => labels[axis] === undefined || labels[axis] === cell[axis]);
}

/** What a row of the table is called: the method, what is added and the options. */
export function rowLabel({ base, add, options }: Pick<Cell, 'base' | 'add' | 'options'>): string {
  return [add === 'none' ? base : `${base}+${add}`, ...options.map(({ text }) => text)].join(',');
}

function named(cell: Omit<Cell, 'id'>): Cell {
  return { ...cell, id: `${cell.benchmark}/${rowLabel(cell)}/seed-${cell.seed}` };
}
