import type { LoadedConfig } from '../config/load.js';
import type { EvaluationSettings } from '../config/schema.js';
import type { Composition } from '../container/compose.js';
import type { BenchmarkData, EvaluationSet } from '../contracts/benchmark.js';
import { metricsMeasured } from '../evaluation/set-metric.js';
import type { Logger } from '../logger.js';
import type { DataReport, SetCounts } from '../report/data-table.js';
import { shotsFor } from './check-data.js';
import { dataWarnings } from './data-warnings.js';
import { loadData } from './load-data.js';
import { newContainer } from './new-container.js';

/**
 * Reads and checks the data of a config whose plugins have been found, as a run does before it opens a model.
 * @throws PalimpsestError DATA_*, CONFIG_VALUE
 */
export async function inspectData(
  loaded: LoadedConfig,
  { benchmark }: Composition,
  logger: Logger,
): Promise<DataReport> {
  const container = newContainer({ loaded, logger });
  try {
    const data = await loadData(container.create(benchmark), benchmark, loaded);
    return {
      benchmark: benchmark.manifest.name,
      sets: countsOf(data, loaded.config.evaluation),
      files: data.files,
      warnings: dataWarnings(data, loaded.config.evaluation),
    };
  } finally {
    await container.dispose();
  }
}

/** Configs with equal keys read the same data. */
export function dataKey({ benchmark, seed, evaluation }: Composition['resolved']): string {
  return JSON.stringify([benchmark, seed, evaluation]);
}

function countsOf({ tasks, heldOut }: BenchmarkData, evaluation: EvaluationSettings): SetCounts[] {
  return [
    ...tasks.map(({ name, train, validation = [], test }) => ({
      ...(test && scoredCounts(test, evaluation)),
      name,
      train: train.length,
      validation: validation.length,
    })),
    ...heldOut.map((set) => scoredCounts(set, evaluation)),
  ];
}

function scoredCounts(set: EvaluationSet, evaluation: EvaluationSettings): SetCounts {
  const { name, items, demonstrations } = set;
  const counts = items.flatMap(({ choices }) => choices?.length ?? []);
  return {
    name,
    test: items.length,
    demonstrations: demonstrations.length,
    choices: counts.length > 0 ? [Math.min(...counts), Math.max(...counts)] : undefined,
    ...(evaluation.after !== 'never' && {
      scored: { shots: shotsFor(set, evaluation), metrics: metricsMeasured(set, evaluation.by) },
    }),
  };
}
