import { Command } from 'commander';
import { problem } from '../../errors.js';
import { writeProvenance } from '../../vectors/activation-file.js';
import { norm } from '../../vectors/compare-vectors.js';
import { instructionVector } from '../../vectors/instruction-vector.js';
import { writeSafetensors } from '../../weights/safetensors-write.js';
import { assertWritable } from '../jsonl.js';
import { provenanceOf, readTasks, withBench } from './bench.js';
import { ActivationSource, addHeads, type HeadOptions, headSet } from './head-sets.js';
import { addMeasuring, addModelChoice, addTasks, addTracing } from './options.js';

/** `palimpsest vectors extract`: instruction vectors theta [D], one for each task. */
export function extractCommand(): Command {
  const command = new Command('extract').description(
    'Extract instruction vectors; writes safetensors with theta [D] by task, and JSON.',
  );
  addModelChoice(command, 'safetensors file to write; how it came about goes beside it as JSON');
  addHeads(addTracing(addMeasuring(addTasks(command))));
  return command.action(async (options: HeadOptions) => {
    const { out } = options;
    if (!out) throw problem('USAGE', { expected: '--out FILE', got: 'none' });
    const { tasks, files } = await readTasks(options);
    await assertWritable(out);
    await withBench(options, async (bench) => {
      const heads = await headSet(bench, tasks, options);
      const source = await ActivationSource.open(bench, tasks, options);
      const vectors = tasks.map(({ name }, i) => ({
        name,
        values: instructionVector(bench.model, source.of(tasks[i], heads)),
      }));
      await writeSafetensors(
        out,
        vectors.map((vector) => ({ ...vector, shape: [vector.values.length] })),
      );
      const norms = Object.fromEntries(vectors.map(({ name, values }) => [name, norm(values)]));
      await writeProvenance(out, { ...(await provenanceOf(options)), data: files, heads, norms });
      for (const [name, length] of Object.entries(norms)) process.stdout.write(`${name}: norm ${length.toFixed(2)}\n`);
    });
  });
}
