import { Command } from 'commander';
import { writeProvenance } from '../../vectors/activation-file.js';
import { norm } from '../../vectors/compare-vectors.js';
import { instructionVector } from '../../vectors/instruction-vector.js';
import { writeSafetensors } from '../../weights/safetensors-write.js';
import { ActivationSource } from './activation-source.js';
import { provenanceOf, readTasks, withBench } from './bench.js';
import { addActivations, addHeads, type HeadOptions, headFile, headSet } from './head-sets.js';
import { addMeasuring, addModelChoice, addTasks } from './options.js';
import { assertFile } from './outputs.js';

/** `palimpsest vectors extract`: instruction vectors theta [D], one for each task. */
export function extractCommand(): Command {
  const command = new Command('extract').description('Extract instruction vectors: theta [D] by task.');
  addModelChoice(command, 'safetensors file to write; how it came about goes into FILE.json');
  addActivations(addHeads(addMeasuring(addTasks(command))));
  return command.action(async (options: HeadOptions) => {
    const tasks = await readTasks(options);
    const out = await assertFile(options.out, [...options.data, options.heads, options.activations]);
    await withBench(options, async (bench) => {
      const source = await ActivationSource.open(bench, tasks, options);
      const { heads, traced } = await headSet(bench, { tasks, source }, options);
      const vectors = tasks.map((task) => {
        const values = instructionVector(bench.model, source.of(task, heads));
        return { name: task.name, values, shape: [values.length] };
      });
      await writeSafetensors(out, vectors);
      const norms = Object.fromEntries(vectors.map(({ name, values }) => [name, norm(values)]));
      const read = [...options.data, headFile(options), options.activations];
      await writeProvenance(out, {
        heads,
        traced,
        norms,
        measured: source.measurements,
        ...(await provenanceOf(options, read)),
      });
      for (const [name, length] of Object.entries(norms)) process.stdout.write(`${name}: norm ${length.toFixed(2)}\n`);
    });
  });
}
