import { Command } from 'commander';
import type { ActivationEdit } from '../../contracts/backbone.js';
import { randomHeads } from '../../vectors/heads.js';
import type { VectorTask } from '../../vectors/vector-task.js';
import { assertWritable, writeText } from '../jsonl.js';
import { finiteNumber, oneOf } from '../model-options.js';
import { provenanceOf, readTasks, type VectorBench, withBench } from './bench.js';
import { ActivationSource, addHeads, type HeadOptions, headSet } from './head-sets.js';
import { addMeasuring, addModelChoice, addTasks, addTracing } from './options.js';
import { editsAt, type PutSettings, placeOf, randomEdits } from './places.js';
import { askings, TaskTrials } from './trials.js';

interface Options extends HeadOptions, PutSettings {
  readonly control: 'none' | 'random';
}

/** `palimpsest vectors apply`: how a task is answered with its vector put in. */
export function applyCommand(): Command {
  const command = new Command('apply').description(
    'Put instruction vectors in at the last prompt token and score the answers.',
  );
  addModelChoice(command, 'JSON to write (default: standard output)');
  addHeads(addTracing(addMeasuring(addTasks(command))))
    .option('--at <place>', 'heads, residual:LAYER or attention:LAYER', placeOf, 'heads')
    .option('--strength <s>', 'factor of the vector; below 0 it is taken out', finiteNumber, 1)
    .option('--mode <mode>', 'at heads: add, replace or mix', oneOf('add', 'replace', 'mix'), 'add')
    .option(
      '--control <kind>',
      'random: as many random heads, or a random vector of equal norm, beside it',
      oneOf('none', 'random'),
      'none',
    );
  return command.action(apply);
}

async function apply(options: Options): Promise<void> {
  const { tasks, files } = await readTasks(options);
  await assertWritable(options.out);
  await withBench(options, async (bench) => {
    const heads = await headSet(bench, tasks, options);
    const source = await ActivationSource.open(bench, tasks, options);
    const results: Record<string, object> = {};
    for (const task of tasks) {
      const edits = editsAt(bench.model, source.of(task, heads), options);
      const control = options.control === 'none' ? undefined : controlOf(bench, source, { task, heads, options });
      results[task.name] = scored(new TaskTrials(bench, task, options.shots), edits, control);
    }
    const { at, strength, mode, shots } = options;
    const provenance = { ...(await provenanceOf(options)), data: files, heads, at, strength, mode, shots };
    await writeText(options.out, `${JSON.stringify({ tasks: results, provenance }, null, 2)}\n`);
  });
}

/** The edits of what stands in for the vector. */
function controlOf(
  bench: VectorBench,
  source: ActivationSource,
  { task, heads, options }: { task: VectorTask; heads: Parameters<typeof randomHeads>[0]; options: Options },
): ActivationEdit[] {
  const stream = bench.random.stream('vectors/control');
  const { at } = options;
  if (at !== 'heads') return randomEdits(bench.model, source.of(task, heads), { ...options, at }, stream);
  return editsAt(bench.model, source.of(task, randomHeads(heads, bench.model.sizes, stream)), options);
}

function scored(trials: TaskTrials, edits: readonly ActivationEdit[], control?: readonly ActivationEdit[]): object {
  const of = (asking: (typeof askings)[number]) => ({
    plain: trials.scores(asking),
    vector: trials.scores(asking, edits),
    ...(control ? { control: trials.scores(asking, control) } : {}),
  });
  return Object.fromEntries(askings.map((asking) => [asking, of(asking)]));
}
