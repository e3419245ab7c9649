import { definePlugin, filePathOrName, z } from '../../core/index.js';
import { LlamaBackbone } from './backbone.js';

export const llamaOptions = z.strictObject({
  model: filePathOrName().describe('A folder or .gguf file, a hub id (owner/name), or a known name.'),
  precision: z
    .enum(['f32', 'bf16'])
    .default('f32')
    .describe('How frozen weights are held: float32, or bfloat16 (native engine); everything else is float32.'),
  recompute: z
    .union([z.enum(['auto', 'none', 'layer']), z.int().min(2)])
    .default('auto')
    .describe(
      'Which activations the backward pass makes anew: those inside every layer, inside every n-th layer, or none; auto: layer on wasm.',
    ),
});

export default definePlugin({
  name: 'llama',
  summary: 'Decoder-only transformer of the Llama family: Llama 2 and 3.x, SmolLM2, Mistral, Qwen2.5.',
  paper: 'Touvron et al. 2023, arXiv 2307.09288; Grattafiori et al. 2024, arXiv 2407.21783',
  provides: { backbone: LlamaBackbone },
  options: llamaOptions,
});
