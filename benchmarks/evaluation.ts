/*
 * Questions a second by benchmark: the first items of its first three sets, scored as the example configs say (likelihood of choices, else greedy
 * answers), without demonstrations and with as many as --shots says. SmolLM2-135M; the benchmarks take turns.
 *
 *     node benchmarks/run.js evaluation [--engine native] [--rounds 5] [--items 8] [--shots 5]
 *
 * The figures go to results/evaluation-<engine>.json. Benchmarks whose data are not in examples/published (docs/data.md) are left out.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../core/config/load.js';
import { composePlugins } from '../core/container/compose.js';
import { PluginRegistry } from '../core/container/plugin-registry.js';
import { RunContainer } from '../core/container/run-container.js';
import { CONFIG_FOLDER, RANDOM } from '../core/container/tokens.js';
import { currentEngine } from '../core/engine/engine.js';
import { type EvaluationOptions, evaluateSet, type Model } from '../core/evaluation/evaluate.js';
import { type EvaluationSet, PalimpsestError, seededRandom } from '../core/index.js';
import { alternating, writeResult } from './alternating.js';
import { commandOf, comparison, rounded } from './figures.js';
import { ourModel } from './versus/our-model.js';

const configs = ['quickstart.yaml', ...['func', 'long', 'trace'].map((name) => `paper/small/${name}/inc-lora.yaml`)];

/** Sets of a kind that are scored. */
const SETS = 3;

/** A benchmark's sets of one kind, cut to their first items. */
interface Kind {
  readonly name: string;
  readonly sets: readonly EvaluationSet[];
  readonly options: Omit<EvaluationOptions, 'shots'>;
}

/** @param folder benchmarks/, absolute */
export async function main(args: string[], folder: string): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      engine: { type: 'string', default: 'native' },
      rounds: { type: 'string', default: '5' },
      items: { type: 'string', default: '8' },
      shots: { type: 'string', default: '5' },
    },
  });
  const [rounds, items, shots] = [values.rounds, values.items, values.shots].map(Number);
  const model = await ourModel(values.engine, folder);
  const work = new Map<string, () => Promise<number>>();
  for (const config of configs) {
    for (const kind of await kindsOf(path.join(folder, '..', 'examples', config), items)) {
      for (const n of [0, shots]) work.set(`${kind.name}, ${n}-shot`, () => score(model, kind, n));
    }
  }
  const counts = new Map<string, number>();
  for (const [name, run] of work) {
    process.stderr.write(`${name} ...\n`);
    counts.set(name, await run());
  }
  for (const [name, count] of counts) if (count === 0) work.delete(name);
  const [first] = work.keys();
  const rows = comparison(await alternating(work, rounds), 'sets', first).map(({ sets, median, fastest, slowest }) => {
    const count = counts.get(String(sets)) ?? 0;
    return { sets, ...{ median, fastest, slowest }, items: count, 'items/s': rounded(count / median) };
  });
  console.table(rows);
  const command = commandOf('evaluation', args);
  writeResult(folder, { suite: 'evaluation', engine: currentEngine(), rounds, command, rows });
}

/** Tasks and held-out sets of the config's benchmark; none where its data are not there. */
async function kindsOf(file: string, items: number): Promise<Kind[]> {
  const loaded = loadConfig(file);
  const { benchmark: plugin } = await composePlugins(loaded, new PluginRegistry());
  const container = new RunContainer();
  container.provide(CONFIG_FOLDER, loaded.folder);
  container.provide(RANDOM, seededRandom(loaded.config.seed));
  try {
    const { tasks, heldOut, answerEnd } = await container.create(plugin).load();
    const options = { ...loaded.config.training, by: loaded.config.evaluation.by, answerEnd };
    const cut = (sets: readonly (EvaluationSet | undefined)[]) =>
      sets
        .filter((set) => set !== undefined)
        .slice(0, SETS)
        .map((set) => ({ ...set, items: set.items.slice(0, items) }));
    const { name } = plugin.manifest;
    return [
      { name: `${name} tasks`, sets: cut(tasks.map(({ test }) => test)), options },
      { name: `${name} held-out`, sets: cut(heldOut), options },
    ];
  } catch (error) {
    if (!(error instanceof PalimpsestError) || error.code !== 'DATA_FILE') throw error;
    process.stderr.write(`${plugin.manifest.name}: left out, its data are not there (${error.message})\n`);
    return [];
  } finally {
    await container.dispose();
  }
}

/** @returns the number of items that were scored */
async function score(model: Model, { sets, options }: Kind, shots: number): Promise<number> {
  let count = 0;
  for (const set of sets) count += (await evaluateSet(model, set, { ...options, shots }))?.predictions.length ?? 0;
  return count;
}
