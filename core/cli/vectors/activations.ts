import { Command } from 'commander';
import { problem } from '../../errors.js';
import { writeActivations } from '../../vectors/activation-file.js';
import type { TaskActivations } from '../../vectors/task-activations.js';
import { assertWritable } from '../jsonl.js';
import { measure, provenanceOf, readTasks, withBench } from './bench.js';
import { addMeasuring, addModelChoice, addTasks, type MeasureOptions } from './options.js';

/** `palimpsest vectors activations`: mean outputs of all heads at the last token of N-shot prompts. */
export function activationsCommand(): Command {
  const command = new Command('activations').description(
    'Measure mean head activations of tasks; writes safetensors and JSON.',
  );
  addModelChoice(command, 'safetensors file to write; how it came about goes beside it as JSON');
  addMeasuring(addTasks(command));
  return command.action(async (options: MeasureOptions) => {
    const { out } = options;
    if (!out) throw problem('USAGE', { expected: '--out FILE', got: 'none' });
    const { tasks, files } = await readTasks(options);
    await assertWritable(out);
    await withBench(options, async (bench) => {
      const measured = new Map(tasks.map((task) => [task.name, measure(bench, task, options)]));
      const provenance = {
        ...(await provenanceOf(options)),
        data: files,
        shots: options.shots,
        tasks: Object.fromEntries([...measured].map(([name, one]) => [name, described(one)])),
      };
      const values = new Map([...measured].map(([name, one]) => [name, one.values]));
      await writeActivations(out, values, { sizes: bench.model.sizes, provenance });
      for (const [name, { correct, prompts, correctOnly }] of measured) {
        const over = correctOnly ? 'the mean is over these' : 'too few, the mean is over all';
        process.stdout.write(`${name}: ${correct} of ${prompts} prompts answered right; ${over}\n`);
      }
    });
  });
}

/** What JSON tells of a measurement. */
export function described({ prompts, correct, correctOnly, made }: TaskActivations): object {
  return { prompts, correct, correctOnly, tokens: made.map(({ tokens, answer }) => ({ tokens, answer })) };
}
