import { Command } from 'commander';
import { lineChart } from '../../report/charts.js';
import { instructionVector, type StreamSite, streamEdits } from '../../vectors/instruction-vector.js';
import type { PromptScores } from '../../vectors/prompt-scores.js';
import { assertWritable, writeText } from '../jsonl.js';
import { finiteNumber, oneOf, wholeNumber } from '../model-options.js';
import { provenanceOf, readTasks, withBench } from './bench.js';
import { ActivationSource, addHeads, type HeadOptions, headSet } from './head-sets.js';
import { addMeasuring, addModelChoice, addTasks, addTracing } from './options.js';
import { TaskTrials } from './trials.js';

interface Options extends HeadOptions {
  readonly site: StreamSite;
  readonly strength: number;
  readonly every: number;
  readonly picture?: string;
}

/** Scores with theta put in at one layer. */
interface LayerScores {
  readonly layer: number;
  readonly zeroShot: PromptScores;
  readonly shuffled: PromptScores;
}

/** `palimpsest vectors sweep`: at which layer a task's vector brings the task back. */
export function sweepCommand(): Command {
  const command = new Command('sweep').description(
    'Add instruction vectors at one layer after another and score the answers.',
  );
  addModelChoice(command, 'JSON to write (default: standard output)');
  addHeads(addTracing(addMeasuring(addTasks(command))))
    .option('--site <site>', 'residual or attention', oneOf('residual', 'attention'), 'residual')
    .option('--strength <s>', 'factor of the vector', finiteNumber, 1)
    .option('--every <n>', 'layers from one to the next', wholeNumber(1), 1)
    .option('--picture <file>', 'SVG of the accuracies by layer');
  return command.action(sweep);
}

async function sweep(options: Options): Promise<void> {
  const { tasks, files } = await readTasks(options);
  for (const file of [options.out, options.picture]) await assertWritable(file);
  await withBench(options, async (bench) => {
    const { model } = bench;
    const { site, strength, every, shots } = options;
    const heads = await headSet(bench, tasks, options);
    const source = await ActivationSource.open(bench, tasks, options);
    const swept = tasks.map((task) => {
      const theta = instructionVector(model, source.of(task, heads));
      const trials = new TaskTrials(bench, task, shots);
      const both = (layer?: number) => {
        const edits =
          layer === undefined ? [] : streamEdits(model, theta, { site, layer, positions: 'prompt-end', strength });
        return { zeroShot: trials.scores('zeroShot', edits), shuffled: trials.scores('shuffled', edits) };
      };
      const layers: LayerScores[] = [];
      for (let layer = 0; layer < model.sizes.layers; layer += every) layers.push({ layer, ...both(layer) });
      return { task: task.name, plain: both(), layers };
    });
    const provenance = { ...(await provenanceOf(options)), data: files, heads, site, strength, shots };
    await writeText(options.out, `${JSON.stringify({ tasks: swept, provenance }, null, 2)}\n`);
    if (options.picture) await writeText(options.picture, await picture(swept));
  });
}

function picture(swept: readonly { task: string; layers: readonly LayerScores[] }[]): Promise<string> {
  const series = swept.flatMap(({ task, layers }) =>
    (['zeroShot', 'shuffled'] as const).map((asking) => ({
      name: `${task}, ${asking === 'zeroShot' ? 'zero-shot' : 'shuffled'}`,
      values: layers.map((at) => at[asking].accuracy),
    })),
  );
  const [{ layers }] = swept;
  return lineChart({
    title: 'First-token accuracy with theta added at a layer',
    x: 'layer',
    labels: layers.map(({ layer }) => `${layer}`),
    y: 'accuracy',
    series,
  });
}
