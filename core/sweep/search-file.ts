import { type ConfigFile, readConfigFile } from '../config/config-file.js';
import { ConfigOrigin } from '../config/origin.js';
import type { Override } from '../config/overrides.js';
import { validate } from '../config/validate.js';
import { problem } from '../errors.js';
import type { Cell } from './cell.js';
import { assertFigure, figureNames } from './figures.js';
import { Grid } from './grid.js';
import { textOf } from './grid-options.js';
import type { GridConfig } from './grid-schema.js';
import { assertAllMeasure, type ScoredBenchmark } from './measured-figures.js';
import { type SearchSettings, type SearchSpace, searchSchema } from './search-schema.js';

/** Values of the options that a search is over, by option. */
export type TrialValues = Readonly<Record<string, unknown>>;

/** The trial that a cell belongs to. */
export function trialOf({ options }: Cell): TrialValues {
  return Object.fromEntries(options.map(({ option, value }) => [option, value]));
}

/** A search file that has been read and checked. */
export class SearchFile {
  readonly settings: SearchSettings;
  /** The grid that every trial runs, without options. */
  readonly config: GridConfig;
  private readonly source: ConfigFile;
  /** File and line of the figure's name. */
  private readonly figureAt: string;

  /** @throws PalimpsestError CONFIG_FILE, CONFIG_KEY, CONFIG_VALUE with file and line */
  constructor(
    readonly file: string,
    /** What the command line sets, after all else. */
    private readonly overrides: readonly Override[] = [],
  ) {
    this.source = readConfigFile(file);
    const origin = new ConfigOrigin([this.source]);
    const { search, ...grid } = validate(searchSchema, this.source.value, {
      ...{ origin, listedBy: 'docs/commands/search.md' },
    });
    this.settings = search;
    this.config = { ...grid, options: {} };
    this.figureAt = origin.where(['search', search.maximize === undefined ? 'minimize' : 'maximize']);
    this.refuseUnknownFigure();
    this.refuseEqualTexts(origin);
  }

  /** The figure that trials are compared by. */
  get figure(): string {
    return (this.settings.maximize ?? this.settings.minimize) as string;
  }

  /** How many trials there are: no more than there are points where every point is tried once. */
  get trials(): number {
    const { sampler, trials, space } = this.settings;
    if (sampler !== 'grid') return trials as number;
    const points = listsOf(space).reduce((product, values) => product * values.length, 1);
    return Math.min(points, trials ?? points);
  }

  /** The grid of a trial: all cells with the values given. @throws PalimpsestError CONFIG_VALUE for values that are not of the space */
  trial(values: TrialValues): Grid {
    this.refuseForeign(values);
    const options = Object.fromEntries(Object.entries(values).map(([option, value]) => [option, [value]]));
    const config = { ...this.config, options };
    return new Grid(this.file, this.overrides, { file: this.source, config, optionsAt: ['search', 'space'] });
  }

  /** Trials that have between them every listed value and both ends of every range. */
  probes(): Grid[] {
    const { space } = this.settings;
    const lists = listsOf(space);
    const options = Object.keys(space);
    return Array.from({ length: Math.max(...lists.map(({ length }) => length)) }, (_, probe) =>
      this.trial(Object.fromEntries(options.map((option, i) => [option, lists[i][probe % lists[i].length]]))),
    );
  }

  /** Trials come from a command line or a queue too, which are to set nothing but what is searched. */
  private refuseForeign(values: TrialValues): void {
    const { space } = this.settings;
    const foreign = Object.keys(values).find((option) => !Object.hasOwn(space, option));
    const outside = Object.keys(space).find((option) => !isOf(space[option], values[option]));
    const option = foreign ?? outside;
    if (option === undefined) return;
    const expected = foreign ? `an option of the space: ${Object.keys(space).join(', ')}` : `a value of the space`;
    const got = foreign ? option : `${option}: ${JSON.stringify(values[option])}`;
    throw problem('CONFIG_VALUE', { where: this.file, expected, got });
  }

  /** Trials are told apart by their values as folders have them. */
  private refuseEqualTexts(origin: ConfigOrigin): void {
    for (const [option, values] of Object.entries(this.settings.space)) {
      if (!Array.isArray(values)) continue;
      const texts = values.map(textOf);
      const twice = texts.findIndex((text, i) => texts.indexOf(text) < i);
      if (twice < 0) continue;
      const where = origin.where(['search', 'space', option, twice]);
      throw problem('CONFIG_VALUE', {
        where,
        expected: 'values of different names',
        got: `two called ${texts[twice]}`,
      });
    }
  }

  /** @param benchmarks all of the grid's @throws PalimpsestError CONFIG_VALUE where one of them does not measure the figure */
  assertMeasured(benchmarks: readonly ScoredBenchmark[]): void {
    assertAllMeasure(this.figure, this.config.figures, benchmarks, this.figureAt);
  }

  private refuseUnknownFigure(): void {
    assertFigure(this.figure, figureNames(this.config), this.figureAt);
  }
}

/** Whether a value is listed, or within a range. */
function isOf(entry: SearchSpace[string], value: unknown): boolean {
  if (Array.isArray(entry)) return entry.some((listed) => JSON.stringify(listed) === JSON.stringify(value));
  const { low, high, int } = entry;
  return typeof value === 'number' && value >= low && value <= high && (!int || Number.isInteger(value));
}

/** The listed values of every option, of a range its ends. */
function listsOf(space: SearchSpace): (readonly unknown[])[] {
  return Object.values(space).map((entry) => (Array.isArray(entry) ? entry : [entry.low, entry.high]));
}
