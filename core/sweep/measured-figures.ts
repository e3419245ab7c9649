import type { ConfigPath } from '../config/config-file.js';
import { didYouMean } from '../config/nearest.js';
import type { RunConfig } from '../config/schema.js';
import { problem } from '../errors.js';
import type { DataReport, SetCounts } from '../report/data-table.js';
import { FORGETTING, MEMORY, SECONDS } from './figures.js';
import type { GridConfig } from './grid-schema.js';

/** What a benchmark's runs score, and when. */
export interface ScoredBenchmark extends Pick<DataReport, 'sets'> {
  readonly config: Pick<RunConfig, 'evaluation' | 'training'>;
}

type Figures = GridConfig['figures'];
type Figure = Figures[string];

/** Why a figure cannot be measured; the place is one of the figure's own options. */
interface Lack {
  readonly place: ConfigPath;
  readonly expected: string;
  readonly got: string;
}

/** @param where tells the file and line of a place @throws PalimpsestError CONFIG_VALUE for a figure that none of the benchmarks measures */
export function assertSomeMeasure(
  figures: Figures,
  benchmarks: readonly ScoredBenchmark[],
  where: (place: ConfigPath) => string,
): void {
  for (const [name, figure] of Object.entries(figures)) {
    const lacks = benchmarks.map((benchmark) => lackOf(figure, benchmark));
    if (lacks.includes(undefined)) continue;
    // The benchmark that comes nearest: what is wrong there is what is wrong with the figure.
    const [nearest] = (lacks as Lack[]).toSorted((a, b) => progress(b) - progress(a));
    throw refused(nearest, where(['figures', name, ...nearest.place]));
  }
}

/** @throws PalimpsestError CONFIG_VALUE for a figure, of a grid's own or of summary.json, that one of the benchmarks does not measure */
export function assertAllMeasure(
  name: string,
  figures: Figures,
  benchmarks: readonly ScoredBenchmark[],
  where: string,
): void {
  for (const benchmark of benchmarks) {
    const own = figures[name] && lackOf(figures[name], benchmark);
    const expected = own ? `${name} on every benchmark: ${own.expected}` : lackingInSummary(name, figures, benchmark);
    if (expected) throw refused({ place: [], expected, got: own?.got ?? `${name}, which is not measured` }, where);
  }
}

const remedy = 'Change the figure or what the runs score (`evaluation`); docs/commands/sweep.md tells of figures.';

const refused = ({ expected, got }: Lack, where: string) => problem('CONFIG_VALUE', { where, expected, got, remedy });

/** Checks are made of sets in turn, then shots, then metric: the later one fails, the nearer the figure. */
function progress({ place: [key, at = 0] }: Lack): number {
  return 1000 * ['sets', 'shots', 'metric'].indexOf(key as string) + Number(at);
}

function lackOf({ sets, shots, metric }: Figure, { sets: known, config }: ScoredBenchmark): Lack | undefined {
  if (config.evaluation.after === 'never') {
    return { place: [], expected: '`evaluation.after` other than never', got: 'never' };
  }
  const scored = known.filter((set) => set.scored);
  const names = scored.map(({ name }) => name);
  const missing = sets.findIndex((set) => !names.includes(set));
  if (missing >= 0) {
    const got = `${sets[missing]}${didYouMean(sets[missing], names)}`;
    return { place: ['sets', missing], expected: 'sets that one benchmark of the grid scores', got };
  }
  for (const set of scored.filter(({ name }) => sets.includes(name))) {
    const { shots: counts, metrics } = set.scored as NonNullable<SetCounts['scored']>;
    if (!counts.includes(shots)) {
      return {
        place: ['shots'],
        expected: `shots that ${set.name} is scored with (${counts.join(', ')})`,
        got: `${shots}`,
      };
    }
    if (metric && !metrics.includes(metric)) {
      return {
        place: ['metric'],
        expected: `a metric that is measured of ${set.name} (${metrics.join(', ')})`,
        got: metric,
      };
    }
  }
  return undefined;
}

/** What a run would need for a figure of summary.json; undefined where it has it. */
function lackingInSummary(name: string, own: Figures, { sets, config }: ScoredBenchmark): string | undefined {
  if (name in own || name === SECONDS || name === MEMORY) return undefined;
  const tasks = sets.filter(({ train, scored }) => train !== undefined && scored);
  const heldOut = sets.filter(({ train, scored }) => train === undefined && scored);
  const scoredWith = (some: readonly SetCounts[], asked: (shots: number) => boolean) =>
    some.some(({ scored }) => scored?.shots.some(asked));
  if (name === FORGETTING) {
    const inTurn = config.evaluation.after === 'each-task' && config.training.tasks === 'sequence' && tasks.length > 1;
    return inTurn ? undefined : '`evaluation.after: each-task` and two tasks in sequence, for forgetting';
  }
  if (name === 'FP')
    return scoredWith(tasks, (shots) => shots === 0) ? undefined : 'tasks that are scored with 0 shots, for FP';
  const asked = name === 'HP' ? 'with 0 shots' : 'with demonstrations';
  const there = scoredWith(heldOut, (shots) => (name === 'HP' ? shots === 0 : shots > 0));
  return there ? undefined : `held-out sets that are scored ${asked}, for ${name}`;
}
