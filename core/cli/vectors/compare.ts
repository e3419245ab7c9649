import path from 'node:path';
import { Command } from 'commander';
import type { ModelView } from '../../contracts/model-view.js';
import { barChart, panelChart } from '../../report/charts.js';
import { cosine, norm } from '../../vectors/compare-vectors.js';
import type { HeadVectors } from '../../vectors/head-edits.js';
import type { Head } from '../../vectors/heads.js';
import { instructionVector } from '../../vectors/instruction-vector.js';
import type { PromptScores } from '../../vectors/prompt-scores.js';
import type { VectorTask } from '../../vectors/vector-task.js';
import { ActivationSource, counts } from './activation-source.js';
import { provenanceOf, readTasks, tell, type VectorBench, withBench } from './bench.js';
import { addHeads, type HeadOptions, headFile, headSet } from './head-sets.js';
import { addMeasuring, addModelChoice, addQueries, addTasks, type QueryOptions } from './options.js';
import { assertOutputs, writeResult } from './outputs.js';
import { addPlace, assertPlace, editsAt, type PutSettings } from './places.js';
import { assertModelOf, statesOf, type TrainedState, withState } from './trained-states.js';
import { type Asking, TaskTrials } from './trials.js';

interface Options extends Omit<HeadOptions, 'activations'>, QueryOptions, PutSettings {
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
  /** How the state's own mean activations were measured. */
  readonly measured: object;
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
    'Follow instruction vectors over a run: norm, cosine, effect, recovery.',
  );
  addModelChoice(command, 'JSON to write (default: standard output)');
  addPlace(addHeads(addMeasuring(addQueries(addTasks(command)))))
    .requiredOption('--run <folder>', 'run directory whose adapters are followed')
    .option('--recovery <file>', 'SVG of the few-shot accuracies at the end, with and without vectors')
    .option('--dynamics <file>', 'SVG of cosine, relative norm and effect over the tasks of the run');
  return command.action(compare);
}

async function compare(options: Options): Promise<void> {
  const { out, recovery, dynamics, run } = options;
  const tasks = await readTasks(options);
  const states = await statesOf(run, options.adapter);
  await assertModelOf(run, options.model);
  await assertOutputs([out, recovery, dynamics], [...options.data, options.heads]);
  await withBench(options, async (bench) => {
    assertPlace(bench.model, options.at);
    const source = await ActivationSource.open(bench, tasks, options);
    const { heads, traced } = await headSet(bench, { tasks, source }, options);
    const followed = new Map<string, StateOfTask[]>();
    for (const task of tasks) followed.set(task.name, await follow(bench, { task, states, heads, source, options }));
    const trained = [...new Set(states.flatMap(({ adapters }) => adapters))].filter(
      (one) => !options.adapter.includes(one),
    );
    const weights = trained.map((folder) => path.join(folder, 'adapter_model.safetensors'));
    const provenance = await provenanceOf(options, [...options.data, headFile(options), ...weights]);
    const pictures = new Map([
      [recovery, () => recoveryPicture(followed)],
      [dynamics, () => dynamicsPicture(followed)],
    ]);
    await writeResult({ tasks: Object.fromEntries(followed), heads, traced, provenance }, { out, pictures });
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
  const trials = new TaskTrials(bench, task, options);
  const initial = source.of(task, heads);
  const followed: StateOfTask[] = [];
  for (const [row, state] of states.entries()) {
    tell(`${task.name}: ${state.name}`);
    followed.push(
      await withState(bench, state, (model) => {
        const now = row === 0 ? undefined : source.now(model, task, heads);
        const own = now?.vectors ?? initial;
        const measured = now ? counts(now.measured) : source.measurements[task.name];
        return { state: state.name, measured, ...stateOfTask(model, trials, { initial, own, options }) };
      }),
    );
  }
  return followed;
}

function stateOfTask(
  model: ModelView,
  trials: TaskTrials,
  { initial, own, options }: { initial: HeadVectors; own: HeadVectors; options: Options },
): Omit<StateOfTask, 'state' | 'measured'> {
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
function recoveryPicture(followed: ReadonlyMap<string, StateOfTask[]>): Promise<string> {
  const ends = [...followed.values()].map((states) => ({ first: states[0], last: states[states.length - 1] }));
  const series = [
    { name: 'initial model', values: ends.map(({ first }) => first.fewShot.plain.accuracy) },
    { name: 'after training', values: ends.map(({ last }) => last.fewShot.plain.accuracy) },
    { name: "with the initial model's vector", values: ends.map(({ last }) => last.fewShot.initial.accuracy) },
    { name: 'with its own vector', values: ends.map(({ last }) => last.fewShot.own.accuracy) },
  ];
  return barChart({
    title: 'Few-shot accuracy and recovery',
    x: 'task',
    labels: [...followed.keys()],
    y: 'first-token accuracy',
    series,
  });
}

/** Fig. 7 of the paper: how the tasks' vectors change over the run. */
function dynamicsPicture(followed: ReadonlyMap<string, StateOfTask[]>): Promise<string> {
  const panel = (title: string, y: string, value: (state: StateOfTask, first: StateOfTask) => number) => {
    const series = [...followed].map(([name, states]) => ({
      name,
      values: states.map((one) => value(one, states[0])),
    }));
    const [states] = followed.values();
    return { title, x: 'after', labels: states.map(({ state }) => state), y, series };
  };
  return panelChart([
    panel('Direction of theta', 'cosine with the initial', (one) => one.cosine),
    panel('Length of theta', 'norm / initial norm', (one, first) => one.norm / first.norm),
    panel("What the state's own vector adds, zero-shot", 'nats', (one) => one.effect),
  ]);
}
