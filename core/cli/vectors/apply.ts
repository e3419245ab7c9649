import { Command } from 'commander';
import type { ActivationEdit } from '../../contracts/backbone.js';
import { type Head, randomHeads } from '../../vectors/heads.js';
import type { VectorTask } from '../../vectors/vector-task.js';
import { assertWritable } from '../jsonl.js';
import { oneOf } from '../model-options.js';
import { ActivationSource } from './activation-source.js';
import { provenanceOf, readTasks, tell, type VectorBench, withBench } from './bench.js';
import { addActivations, addHeads, type HeadOptions, headFile, headSet } from './head-sets.js';
import { addMeasuring, addModelChoice, addQueries, addTasks, type QueryOptions } from './options.js';
import { writeResult } from './outputs.js';
import { addPlace, editsAt, type PutSettings, randomEdits } from './places.js';
import { type Asking, askings, TaskTrials } from './trials.js';

interface Options extends HeadOptions, QueryOptions, PutSettings {
  readonly control: 'none' | 'random';
}

/** `palimpsest vectors apply`: how a task is answered with its vector put in. */
export function applyCommand(): Command {
  const command = new Command('apply').description(
    'Put instruction vectors in at the last prompt token and score answers.',
  );
  addModelChoice(command, 'JSON to write (default: standard output)');
  addPlace(addActivations(addHeads(addMeasuring(addQueries(addTasks(command)))))).option(
    '--control <kind>',
    'random: as many random heads, or a random vector of equal norm, beside it',
    oneOf('none', 'random'),
    'none',
  );
  return command.action(apply);
}

async function apply(options: Options): Promise<void> {
  const tasks = await readTasks(options);
  await assertWritable(options.out);
  await withBench(options, async (bench) => {
    const source = await ActivationSource.open(bench, tasks, options);
    const heads = await headSet(bench, { tasks, source }, options);
    const scored = new Map<string, object>();
    for (const task of tasks) {
      const edits = editsAt(bench.model, source.of(task, heads), options);
      const control = options.control === 'none' ? undefined : controlOf(bench, { task, source, heads }, options);
      tell(`${task.name}: scoring`);
      scored.set(task.name, scoresOf(new TaskTrials(bench, task, options), edits, control));
    }
    const provenance = await provenanceOf(options, [...options.data, headFile(options), options.activations]);
    const result = { tasks: Object.fromEntries(scored), heads, measured: source.measurements, provenance };
    await writeResult(result, { out: options.out, pictures: new Map() });
  });
}

/** The edits of what stands in for the vector. */
function controlOf(
  bench: VectorBench,
  { task, source, heads }: { task: VectorTask; source: ActivationSource; heads: readonly Head[] },
  options: Options,
): ActivationEdit[] {
  const stream = bench.random.stream('vectors/control');
  const { at } = options;
  if (at !== 'heads') return randomEdits(bench.model, source.of(task, heads), { ...options, at }, stream);
  return editsAt(bench.model, source.of(task, randomHeads(heads, bench.model.sizes, stream)), options);
}

function scoresOf(trials: TaskTrials, edits: readonly ActivationEdit[], control?: readonly ActivationEdit[]): object {
  const of = (asking: Asking) => ({
    plain: trials.scores(asking),
    vector: trials.scores(asking, edits),
    ...(control ? { control: trials.scores(asking, control) } : {}),
  });
  return Object.fromEntries(askings.map((asking) => [asking, of(asking)]));
}
