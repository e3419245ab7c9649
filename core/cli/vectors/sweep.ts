import { Command } from 'commander';
import { lineChart } from '../../report/charts.js';
import { instructionVector, type StreamSite, streamEdits } from '../../vectors/instruction-vector.js';
import type { PromptScores } from '../../vectors/prompt-scores.js';
import type { VectorTask } from '../../vectors/vector-task.js';
import { finiteNumber, oneOf, wholeNumber } from '../model-options.js';
import { ActivationSource } from './activation-source.js';
import { provenanceOf, readTasks, tell, type VectorBench, withBench } from './bench.js';
import { addActivations, addHeads, type HeadOptions, headFile, headSet } from './head-sets.js';
import { addMeasuring, addModelChoice, addQueries, addTasks, type QueryOptions } from './options.js';
import { assertOutputs, writeResult } from './outputs.js';
import { TaskTrials } from './trials.js';

interface Options extends HeadOptions, QueryOptions {
  readonly site: StreamSite;
  readonly strength: number;
  readonly every: number;
  readonly picture?: string;
}

/** Scores zero-shot, and behind demonstrations with shuffled answers. */
interface BothScores {
  readonly zeroShot: PromptScores;
  readonly shuffled: PromptScores;
}

/** A task's scores without theta, and with it at one layer after another. */
interface Sweep {
  readonly task: string;
  readonly plain: BothScores;
  readonly layers: readonly (BothScores & { readonly layer: number })[];
}

/** `palimpsest vectors sweep`: at which layer a task's vector brings the task back. */
export function sweepCommand(): Command {
  const command = new Command('sweep').description(
    'Add instruction vectors at one layer after another and score answers.',
  );
  addModelChoice(command, 'JSON to write (default: standard output)');
  addActivations(addHeads(addMeasuring(addQueries(addTasks(command)))))
    .option('--site <site>', 'residual or attention', oneOf('residual', 'attention'), 'residual')
    .option('--strength <s>', 'factor of the vector; below 0 it is taken out', finiteNumber, 1)
    .option('--every <n>', 'layers from one to the next', wholeNumber(1), 1)
    .option('--picture <file>', 'SVG of the accuracies by layer');
  return command.action(sweep);
}

async function sweep(options: Options): Promise<void> {
  const tasks = await readTasks(options);
  const { out, picture } = options;
  await assertOutputs([out, picture], [...options.data, options.heads, options.activations]);
  await withBench(options, async (bench) => {
    const source = await ActivationSource.open(bench, tasks, options);
    const { heads, traced } = await headSet(bench, { tasks, source }, options);
    const swept = tasks.map((task) => {
      tell(`${task.name}: scoring with theta at every layer`);
      return sweepTask(bench, task, instructionVector(bench.model, source.of(task, heads)), options);
    });
    const provenance = await provenanceOf(options, [...options.data, headFile(options), options.activations]);
    const result = { tasks: swept, heads, traced, measured: source.measurements, provenance };
    await writeResult(result, { out, pictures: new Map([[picture, () => drawing(swept)]]) });
  });
}

function sweepTask(bench: VectorBench, task: VectorTask, theta: Float32Array, options: Options): Sweep {
  const { site, strength, every } = options;
  const { layers } = bench.model.sizes;
  const trials = new TaskTrials(bench, task, options);
  const scores = (layer?: number): BothScores => {
    const at = { site, positions: 'prompt-end', strength } as const;
    const edits = layer === undefined ? [] : streamEdits(bench.model, theta, { ...at, layer });
    return { zeroShot: trials.scores('zeroShot', edits), shuffled: trials.scores('shuffled', edits) };
  };
  const chosen = Array.from({ length: Math.ceil(layers / every) }, (_, i) => i * every);
  return { task: task.name, plain: scores(), layers: chosen.map((layer) => ({ layer, ...scores(layer) })) };
}

/** Accuracies with theta, and without as level lines. */
function drawing(swept: readonly Sweep[]): Promise<string> {
  const series = swept.flatMap(({ task, plain, layers }) =>
    (['zeroShot', 'shuffled'] as const).flatMap((asking) => {
      const name = `${task}, ${asking === 'zeroShot' ? 'zero-shot' : 'shuffled'}`;
      return [
        { name, values: layers.map((at) => at[asking].accuracy) },
        { name: `${name}, without theta`, values: layers.map(() => plain[asking].accuracy) },
      ];
    }),
  );
  const labels = swept[0].layers.map(({ layer }) => `${layer}`);
  const title = 'First-token accuracy with theta added at a layer';
  return lineChart({ title, x: 'layer', labels, y: 'accuracy', series });
}
