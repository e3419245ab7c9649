import type { LoadedConfig } from '../config/load.js';
import type { RunConfig } from '../config/schema.js';
import { type Composition, composePlugins } from '../container/compose.js';
import { PluginRegistry } from '../container/plugin-registry.js';
import type { Logger } from '../logger.js';
import type { DataReport } from '../report/data-table.js';
import { inspectData } from '../run/inspect-data.js';
import { findConfiguredModel } from '../run/open-model.js';
import { prepareRun } from '../run/run.js';
import type { ModelFiles } from '../weights/model-files.js';
import type { Progress } from '../weights/progress.js';
import type { Cell } from './cell.js';
import { readInputs } from './cell-result.js';
import type { Grid } from './grid.js';
import type { ScoredBenchmark } from './measured-figures.js';
import type { SweepFolder } from './sweep-folder.js';
import { SweepInputs } from './sweep-inputs.js';

/** Some cells of a grid. */
export interface GridCells {
  readonly grid: Grid;
  readonly cells: readonly Cell[];
}

interface PreparedCell {
  readonly loaded: LoadedConfig;
  readonly plugins: Composition;
}

/** What cells score, and of which data: alike for all seeds. */
function scoringKey({ resolved: { benchmark, evaluation, training } }: Composition): string {
  return JSON.stringify([benchmark, evaluation, training.tasks]);
}

/** Checks what can be known of a sweep before its cells are run, and that all of them read the same. */
export class CellCheck {
  private readonly registry = new PluginRegistry();
  private readonly inputs = new SweepInputs();
  private readonly prepared = new Map<string, PreparedCell>();
  private readonly reports = new Map<string, DataReport>();

  constructor(
    private readonly folder: SweepFolder,
    private readonly logger: Logger,
  ) {}

  /**
   * Every cell's config, plugins, options and named files; those that were begun must be what they were, and those that are over must
   * have read the same. @throws PalimpsestError PLUGIN_*, CONFIG_*, CHECKPOINT_INVALID, INPUTS_CHANGED
   */
  async cells({ cells, grid }: GridCells): Promise<void> {
    for (const cell of cells) {
      await this.prepare(cell, grid);
      if (this.folder.isOver(cell)) await this.accept(cell, grid);
    }
  }

  /**
   * The data of cells, as a run of them would read them, whatever the seed. What a run would warn of is said once.
   * @returns what they score, each once @throws PalimpsestError DATA_*, CONFIG_VALUE, INPUTS_CHANGED
   */
  async data({ grid, cells }: GridCells): Promise<ScoredBenchmark[]> {
    const scored = new Map<string, ScoredBenchmark>();
    for (const cell of cells) {
      const { loaded, plugins } = await this.prepare(cell, grid);
      const key = scoringKey(plugins);
      if (scored.has(key)) continue;
      const known = this.reports.get(key);
      const report = known ?? (await inspectData(loaded, plugins, this.logger));
      this.reports.set(key, report);
      if (!known) for (const warning of report.warnings) this.logger.warn(`${cell.benchmark}: ${warning}`);
      await this.inputs.compare(cell.id, plugins, { data: report.files });
      scored.set(key, { sets: report.sets, config: plugins.resolved });
    }
    return [...scored.values()];
  }

  /** Whether some cells of a grid have all the data and ways of scoring that there are in it. */
  async cover({ grid, cells }: GridCells): Promise<boolean> {
    const asked = new Set(cells.map(({ id }) => id));
    const [own, all] = [new Set<string>(), new Set<string>()];
    for (const cell of grid.cells) {
      const key = scoringKey(await composePlugins(grid.load(cell), this.registry));
      all.add(key);
      if (asked.has(cell.id)) own.add(key);
    }
    return own.size === all.size;
  }

  /**
   * The models and files that cells name: models that are not here are fetched, and what other cells have read must be the same.
   * @throws PalimpsestError MODEL_*, INPUTS_CHANGED
   */
  async models({ grid, cells }: GridCells, progress?: Progress): Promise<void> {
    const found = new Map<unknown, ModelFiles>();
    for (const cell of cells) {
      const { loaded, plugins } = await this.prepare(cell, grid);
      const { backbone } = plugins;
      const { model } = backbone.options;
      const files = found.get(model) ?? (await findConfiguredModel(backbone, loaded, progress));
      found.set(model, files);
      await this.inputs.compare(cell.id, plugins, { model: files });
    }
  }

  /**
   * Takes what a cell that is over has read.
   * @returns the cell's config @throws PalimpsestError INPUTS_CHANGED where it is not what others have read
   */
  async accept(cell: Cell, grid: Grid, inputs = readInputs(this.folder.of(cell))): Promise<RunConfig> {
    const { plugins } = await this.prepare(cell, grid);
    this.inputs.take(cell.id, plugins, inputs);
    return plugins.resolved;
  }

  private async prepare(cell: Cell, grid: Grid): Promise<PreparedCell> {
    const known = this.prepared.get(cell.id);
    if (known) return known;
    const loaded = grid.load(cell);
    const run = { loaded, folder: this.folder.of(cell), resume: true, observers: [], logger: this.logger };
    const { plugins } = await prepareRun(run, this.registry);
    const made = { loaded, plugins };
    this.prepared.set(cell.id, made);
    return made;
  }
}
