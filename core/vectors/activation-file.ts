import { writeFile } from 'node:fs/promises';
import type { ModelSizes } from '../contracts/backbone.js';
import { problem } from '../errors.js';
import { writeSafetensors } from '../weights/safetensors-write.js';

/**
 * Writes mean head activations, a tensor [L, H, d_h] by the name of each task, as safetensors, and beside them, in FILE.json, how
 * they were measured.
 * @throws PalimpsestError OUTPUT_WRITE
 */
export async function writeActivations(
  file: string,
  tasks: ReadonlyMap<string, Float32Array>,
  { sizes: { layers, heads, headWidth }, provenance }: { sizes: ModelSizes; provenance: object },
): Promise<void> {
  const shape = [layers, heads, headWidth];
  await writeSafetensors(
    file,
    [...tasks].map(([name, values]) => ({ name, shape, values })),
  );
  await writeProvenance(file, provenance);
}

/** Writes what tells where a file came from beside it, as FILE.json. @throws PalimpsestError OUTPUT_WRITE */
export async function writeProvenance(file: string, provenance: object): Promise<void> {
  const beside = `${file}.json`;
  await writeFile(beside, `${JSON.stringify(provenance, null, 2)}\n`).catch((error: Error) => {
    throw problem('OUTPUT_WRITE', { where: beside, got: error.message });
  });
}
