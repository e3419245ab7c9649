import { describePlugin } from '../../core/testing/index.js';
import { toyWeights } from '../../core/testing/toy-weights.js';
import incLora from '../../plugins/inc-lora/plugin.js';
import llama from '../../plugins/llama/plugin.js';

describePlugin(llama, { folder: 'plugins/llama', options: { model: 'toy model' } });
describePlugin(llama, {
  options: { model: 'toy model', recompute: 'layer' },
  weights: toyWeights({ model_type: 'qwen2', attention_bias: true, tie_word_embeddings: false }),
});

describePlugin(incLora, { folder: 'plugins/inc-lora', options: { rank: 2, alpha: 4, dropout: 0.1 } });
describePlugin(incLora, { options: { rank: 2, growth: 'single', targets: ['k_proj', 'down_proj'] } });
