import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ModelFiles } from '../core/weights/model-files.js';
import { openWeights } from '../core/weights/open.js';
import type { NamedArray } from '../core/weights/safetensors.js';
import { writeSafetensors } from '../core/weights/safetensors-write.js';

/** Writes a model's weights in float32 and its config into a folder, as Hugging Face's libraries read them; without a tokenizer. */
export async function asSafetensors(files: ModelFiles, folder: string): Promise<ModelFiles> {
  const source = await openWeights(files);
  const tensors: NamedArray[] = [];
  for (const { name, shape } of source.tensors.values()) tensors.push({ name, shape, values: await source.read(name) });
  await source.close();
  await writeSafetensors(path.join(folder, 'model.safetensors'), tensors);
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify(source.config));
  return { kind: 'huggingface', path: folder, reference: folder };
}
