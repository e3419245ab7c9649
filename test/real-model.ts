import { cachedModel, type ModelFiles } from '../core/weights/model-files.js';

/** SmolLM2-135M-Instruct where `palimpsest model pull smollm2-135m-instruct` has put it; never fetches it. */
export function realModel(): ModelFiles | undefined {
  return cachedModel('smollm2-135m-instruct');
}
