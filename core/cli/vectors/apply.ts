import { Command } from 'commander';
import type { ActivationEdit } from '../../contracts/backbone.js';
import { type Head, randomHeads } from '../../vectors/heads.js';
import type { VectorTask } from '../../vectors/vector-task.js';
import { oneOf } from '../model-options.js';
import { ActivationSource } from './activation-source.js';
import { provenanceOf, readTasks, tell, type VectorBench, withBench } from './bench.js';
import { addActivations, addHeads, type HeadOptions, headFile, headSet } from './head-sets.js';
import { addMeasuring, addModelChoice, addQueries, addTasks, type QueryOptions } from './options.js';
import { assertOutputs, writeResult } from './outputs.js';
import { addPlace, assertPlace, editsAt, type PutSettings, randomEdits } from './places.js';
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
  await assertOutputs([options.out], [...options.data, options.heads, options.activations]);
  await withBench(options, async (bench) => {
    assertPlace(bench.model, options.at);
    const source = await ActivationSource.open(bench, tasks, options);
    const { heads, traced } = await headSet(bench, { tasks, source }, options);
    const drawn = options.control === 'random' && options.at === 'heads' ? drawnHeads(bench, heads) : undefined;
    const scored = new Map<string, object>();
    for (const task of tasks) {
      const edits = editsAt(bench.model, source.of(task, heads), options);
      const control =
        options.control === 'none' ? undefined : controlOf(bench, { task, source, heads, drawn }, options);
      tell(`${task.name}: scoring`);
      scored.set(task.name, scoresOf(new TaskTrials(bench, task, options), edits, control));
    }
    const provenance = await provenanceOf(options, [...options.data, headFile(options), options.activations]);
    const result = {
      tasks: Object.fromEntries(scored),
      heads,
      traced,
      controlHeads: drawn,
      measured: source.measurements,
      provenance,
    };
    await writeResult(result, { out: options.out, pictures: new Map() });
  });
}

/** As many heads as are given, drawn from the others. */
function drawnHeads({ model, random }: VectorBench, heads: readonly Head[]): Head[] {
  return randomHeads(heads, model.sizes, random.stream('vectors/control'));
}

interface Control {
  readonly task: VectorTask;
  readonly source: ActivationSource;
  readonly heads: readonly Head[];
  /** In their place, at heads. */
  readonly drawn?: readonly Head[];
}

/** The edits of what stands in for the vector. */
function controlOf(
  { model, random }: VectorBench,
  { task, source, heads, drawn }: Control,
  options: Options,
): ActivationEdit[] {
  const { at } = options;
  if (drawn || at === 'heads') return editsAt(model, source.of(task, drawn ?? heads), options);
  return randomEdits(model, source.of(task, heads), { ...options, at }, random.stream('vectors/control'));
}

function scoresOf(trials: TaskTrials, edits: readonly ActivationEdit[], control?: readonly ActivationEdit[]): object {
  const of = (asking: Asking) => ({
    plain: trials.scores(asking),
    vector: trials.scores(asking, edits),
    ...(control ? { control: trials.scores(asking, control) } : {}),
  });
  return Object.fromEntries(askings.map((asking) => [asking, of(asking)]));
}
