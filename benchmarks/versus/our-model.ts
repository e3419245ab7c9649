import { type EngineName, useEngine } from '../../core/engine/engine.js';
import type { Model } from '../../core/evaluation/model.js';
import { environment } from '../../core/run/environment.js';
import { openTokenizer } from '../../core/text/tokenizer.js';
import { findModel } from '../../core/weights/model-files.js';
import { openWeights } from '../../core/weights/open.js';
import { LlamaBackbone } from '../../plugins/llama/backbone.js';

/** SmolLM2-135M-Instruct on an engine, and what our side greets with. */
export async function ourModel(
  engine: string,
  folder: string,
  options: { recompute: 'auto'; precision?: string } = { recompute: 'auto' },
): Promise<Model & { readonly greeting: object }> {
  const info = await useEngine(engine as EngineName);
  const files = await findModel('smollm2-135m-instruct', { folder });
  const source = await openWeights(files);
  const backbone = new LlamaBackbone(source, options as ConstructorParameters<typeof LlamaBackbone>[1]);
  await backbone.load();
  await source.close();
  return { backbone, tokenizer: await openTokenizer(files), greeting: { ...environment(info), sizes: backbone.sizes } };
}
