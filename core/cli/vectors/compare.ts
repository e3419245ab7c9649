import { Command } from 'commander';
import type { ModelView } from '../../contracts/model-view.js';
import { barChart, lineChart } from '../../report/charts.js';
import { cosine, norm } from '../../vectors/compare-vectors.js';
import type { HeadVectors } from '../../vectors/head-edits.js';
import type { Head } from '../../vectors/heads.js';
import { instructionVector } from '../../vectors/instruction-vector.js';
import type { PromptScores } from '../../vectors/prompt-scores.js';
import type { VectorTask } from '../../vectors/vector-task.js';
import { assertWritable, writeText } from '../jsonl.js';
import { finiteNumber, oneOf } from '../model-options.js';
import { provenanceOf, readTasks, type VectorBench, withBench } from './bench.js';
import { ActivationSource, addHeads, type HeadOptions, headSet } from './head-sets.js';
import { addMeasuring, addModelChoice, addTasks, addTracing } from './options.js';
import { editsAt, type PutSettings, placeOf } from './places.js';
import { statesOf, type TrainedState, withState } from './trained-states.js';
import { type Asking, TaskTrials } from './trials.js';

interface Options extends HeadOptions, PutSettings {
  readonly run: string;
  readonly recovery?: string;
  readonly dynamics?: string;
}

/** How the queries of a task are answered without a vector, with that of the initial model, and with the state's own. */
interface Recovery {
  readonly plain: PromptScores;
  readonly initial: PromptScores;
  readonly own: PromptScores;
}

/** A task's vector, and what it does, in one state of the model. */
interface StateOfTask {
  readonly state: string;
  /** Of theta. */
  readonly norm: number;
  /** Between theta and that of the initial model. */
  readonly cosine: number;
  /** What the state's own vector adds to the log-probability of the answer, zero-shot, in nats. */
  readonly effect: number;
  readonly zeroShot: Recovery;
  readonly fewShot: Recovery;
}

/** `palimpsest vectors compare`: what training did to the instruction vectors of tasks, and whether they bring them back. */
export function compareCommand(): Command {
  const command = new Command('compare').description(
    'Follow instruction vectors over the tasks of a run: norm, cosine, effect, and recovery.',
  );
  addModelChoice(command, 'JSON to write (default: standard output)');
  addHeads(addTracing(addMeasuring(addTasks(command))))
    .requiredOption('--run <folder>', 'run directory whose adapters are followed')
    .option('--at <place>', 'heads, residual:LAYER or attention:LAYER', placeOf, 'heads')
    .option('--strength <s>', 'factor of the vector', finiteNumber, 1)
    .option('--mode <mode>', 'at heads: add, replace or mix', oneOf('add', 'replace', 'mix'), 'add')
    .option('--recovery <file>', 'SVG of the few-shot accuracies at the end, with and without vectors')
    .option('--dynamics <file>', 'SVG of cosine, relative norm and effect over the tasks of the run');
  return command.action(compare);
}

async function compare(options: Options): Promise<void> {
  const { tasks, files } = await readTasks(options);
  const states = await statesOf(options.run);
  for (const file of [options.out, options.recovery, options.dynamics]) await assertWritable(file);
  await withBench(options, async (bench) => {
    const heads = await headSet(bench, tasks, options);
    const source = await ActivationSource.open(bench, tasks, options);
    const followed: Record<string, StateOfTask[]> = {};
    for (const task of tasks) followed[task.name] = await follow(bench, { task, states, heads, source, options });
    const { at, strength, mode, shots, run } = options;
    const provenance = { ...(await provenanceOf(options)), run, data: files, heads, at, strength, mode, shots };
    await writeText(options.out, `${JSON.stringify({ tasks: followed, provenance }, null, 2)}\n`);
    if (options.recovery) await writeText(options.recovery, await recoveryPicture(followed));
    if (options.dynamics) await writeText(options.dynamics, await dynamicsPicture(followed));
  });
}

interface Following {
  readonly task: VectorTask;
  readonly states: readonly TrainedState[];
  readonly heads: readonly Head[];
  readonly source: ActivationSource;
  readonly options: Options;
}

/** A task through all states of the run. */
async function follow(bench: VectorBench, { task, states, heads, source, options }: Following): Promise<StateOfTask[]> {
  const trials = new TaskTrials(bench, task, options.shots);
  const initial = source.of(task, heads);
  const followed: StateOfTask[] = [];
  for (const state of states) {
    followed.push(
      await withState(bench, state, (model) => {
        const own = state.adapters.length === 0 ? initial : source.of(task, heads, model);
        return { state: state.name, ...stateOfTask(model, trials, { initial, own, options }) };
      }),
    );
  }
  return followed;
}

function stateOfTask(
  model: ModelView,
  trials: TaskTrials,
  { initial, own, options }: { initial: HeadVectors; own: HeadVectors; options: Options },
): Omit<StateOfTask, 'state'> {
  const [theta, first] = [own, initial].map((vectors) => instructionVector(model, vectors));
  const recovery = (asking: Asking): Recovery => ({
    plain: trials.scores(asking, [], model),
    initial: trials.scores(asking, editsAt(model, initial, options), model),
    own: trials.scores(asking, editsAt(model, own, options), model),
  });
  const [zeroShot, fewShot] = [recovery('zeroShot'), recovery('fewShot')];
  const effect = zeroShot.own.logProbability - zeroShot.plain.logProbability;
  return { norm: norm(theta), cosine: cosine(theta, first), effect, zeroShot, fewShot };
}

/** Fig. 6 of the paper: the last state's few-shot accuracy by itself and with either vector, beside the initial model's. */
function recoveryPicture(followed: Record<string, StateOfTask[]>): Promise<string> {
  const ends = Object.values(followed).map((states) => ({ first: states[0], last: states[states.length - 1] }));
  const series = [
    { name: 'initial model', values: ends.map(({ first }) => first.fewShot.plain.accuracy) },
    { name: 'after training', values: ends.map(({ last }) => last.fewShot.plain.accuracy) },
    { name: "with the initial model's vector", values: ends.map(({ last }) => last.fewShot.initial.accuracy) },
    { name: 'with its own vector', values: ends.map(({ last }) => last.fewShot.own.accuracy) },
  ];
  return barChart({
    title: 'Few-shot accuracy and recovery',
    x: 'task',
    labels: Object.keys(followed),
    y: 'first-token accuracy',
    series,
  });
}

/** Fig. 7 of the paper: how the tasks' vectors change over the run. */
function dynamicsPicture(followed: Record<string, StateOfTask[]>): Promise<string> {
  const series = Object.entries(followed).flatMap(([task, states]) => [
    { name: `${task}: cosine`, values: states.map((state) => state.cosine) },
    { name: `${task}: norm / initial`, values: states.map((state) => state.norm / states[0].norm) },
    { name: `${task}: effect / initial`, values: states.map((state) => state.effect / states[0].effect) },
  ]);
  const [states] = Object.values(followed);
  const labels = states.map(({ state }) => state);
  return lineChart({
    title: 'Instruction vectors over the run',
    x: 'after',
    labels,
    y: 'against the initial model',
    series,
  });
}
