import path from 'node:path';
import { type ConfigFile, type ConfigPath, partOfFile, readConfigFile } from '../config/config-file.js';
import { type MergedConfig, mergedOverExtended, readMergedConfig } from '../config/extends.js';
import { joinLayers } from '../config/layers.js';
import { checkedConfig, type LoadedConfig } from '../config/load.js';
import { ConfigOrigin } from '../config/origin.js';
import { makeOverride, type Override } from '../config/overrides.js';
import { validate } from '../config/validate.js';
import { PalimpsestError, problem } from '../errors.js';
import { type Cell, expand, matches } from './cell.js';
import { refuseEqualIds, refuseOverriddenAxes, refuseUnknownFigures, refuseUnknownNames } from './grid-checks.js';
import { type ConfigPart, type GridConfig, gridSchema } from './grid-schema.js';
import { assertSomeMeasure, type ScoredBenchmark } from './measured-figures.js';

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
  /** Where in the file the values of options stand. */
  readonly optionsAt: ConfigPath;

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
    const where = (place: ConfigPath) => origin.where(place);
    refuseUnknownNames(this.config, where);
    refuseUnknownFigures(this.config, where);
    refuseOverriddenAxes(this.config, this.overrides, this);
    this.cells = expand(this.config);
    refuseEqualIds(this.cells, this.config, {
      optionsAt: this.optionsAt,
      place: (place) => this.place(place),
    });
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
    try {
      return checkedConfig(this.file, { value, files: [...files, whole] }, [...varied, seed, ...this.overrides]);
    } catch (error) {
      throw error instanceof PalimpsestError ? ofCell(cell, error) : error;
    }
  }

  /** The first cell of every benchmark that has any. */
  byBenchmark(): Cell[] {
    const names = this.cells.map(({ benchmark }) => benchmark);
    return this.cells.filter(({ benchmark }, i) => names.indexOf(benchmark) === i);
  }

  private place(inner: ConfigPath): string {
    return [this.source.locate(inner) ?? this.file, inner.join('.')].join(', ');
  }

  private layer(part: ConfigPart, place: ConfigPath): MergedConfig {
    if (typeof part !== 'string' && !Array.isArray(part)) {
      return place[0] in this.source.value ? mergedOverExtended(partOfFile(this.source, place)) : joinLayers([]);
    }
    const files = [part].flat().map((file) => path.join(path.dirname(this.file), file));
    return joinLayers(files.map((file) => readMergedConfig(file, this.place(place))));
  }

  /** @param benchmarks all of the grid's @throws PalimpsestError CONFIG_VALUE where a figure of the grid is measured on none of them */
  assertMeasured(benchmarks: readonly ScoredBenchmark[]): void {
    const origin = new ConfigOrigin([this.source]);
    assertSomeMeasure(this.config.figures, benchmarks, (place) => origin.where(place));
  }
}

/** An error of a cell's config that names the cell. */
function ofCell({ id }: Cell, { code, details }: PalimpsestError): PalimpsestError {
  return problem(code, { ...details, where: `${details.where ?? ''} (cell ${id})` });
}
