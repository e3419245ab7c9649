import type { TaskMoment } from '../../core/contracts/moments.js';
import { seededRandom } from '../../core/training/random.js';
import { ivKlOptions } from '../../plugins/iv-kl/plugin.js';
import { InstructionVectorDivergence } from '../../plugins/iv-kl/regularizer.js';
import { InstructionVectorGuidance } from '../../plugins/ivg/intervention.js';
import { ivgOptions } from '../../plugins/ivg/plugin.js';
import type { LlamaBackbone } from '../../plugins/llama/backbone.js';
import { referenceFile, tokensOnly } from './methods.js';

/** The reference's ten heads with their mean activations; the task's name finds the latter. */
const given = { heads: referenceFile('ivkl.json'), activations: referenceFile('cma_mean_activations.safetensors') };
const silent = { info: () => {}, warn: () => {} };
const model = 'smollm2-135m-instruct';

/** IV-KL in the task of the moment. */
export async function ivKlIn(backbone: LlamaBackbone, moment: TaskMoment, options: object) {
  const parsed = ivKlOptions.parse({ ...given, ...options });
  return started(new InstructionVectorDivergence(parsed, backbone, tokensOnly, seededRandom(1), silent, model), moment);
}

/** IV-guided training in the task of the moment, of a strength that does not fall. */
export async function ivgIn(backbone: LlamaBackbone, moment: TaskMoment, options: object) {
  const parsed = ivgOptions.parse({ ...given, shape: 'constant', ...options });
  return started(new InstructionVectorGuidance(parsed, backbone, tokensOnly, seededRandom(1), silent, model), moment);
}

async function started<P extends InstructionVectorDivergence | InstructionVectorGuidance>(
  plugin: P,
  moment: TaskMoment,
): Promise<P> {
  await plugin.prepare({ tasks: [moment.task] });
  await plugin.beforeTask(moment);
  return plugin;
}
