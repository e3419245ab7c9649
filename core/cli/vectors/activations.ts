import { Command } from 'commander';
import { writeActivations } from '../../vectors/activation-file.js';
import { measure } from './activation-source.js';
import { provenanceOf, readTasks, withBench } from './bench.js';
import { addMeasuring, addModelChoice, addTasks, type MeasureOptions } from './options.js';
import { assertFile } from './outputs.js';

/** `palimpsest vectors activations`: mean outputs of all heads at the last token of N-shot prompts. */
export function activationsCommand(): Command {
  const command = new Command('activations').description('Measure mean head activations of tasks.');
  addModelChoice(command, 'safetensors file to write; how it came about goes into FILE.json');
  addMeasuring(addTasks(command));
  return command.action(async (options: MeasureOptions) => {
    const tasks = await readTasks(options);
    const out = await assertFile(options.out, options.data);
    await withBench(options, async (bench) => {
      const measured = new Map(tasks.map((task) => [task.name, measure(bench, task, options)]));
      const prompts = [...measured].map(([name, { values: _, ...one }]) => [name, one]);
      const provenance = { ...(await provenanceOf(options, options.data)), tasks: Object.fromEntries(prompts) };
      const values = new Map([...measured].map(([name, one]) => [name, one.values]));
      await writeActivations(out, values, { sizes: bench.model.sizes, provenance });
    });
  });
}
