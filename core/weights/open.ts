import { openGguf } from './gguf.js';
import { openHuggingFace } from './huggingface.js';
import type { ModelFiles } from './model-files.js';
import type { WeightSource } from './source.js';

/** Opens a model's weights, whichever format they are in. @throws PalimpsestError MODEL_FILE */
export function openWeights(files: ModelFiles): Promise<WeightSource> {
  return files.kind === 'gguf' ? openGguf(files.path) : openHuggingFace(files.path);
}
