import type { TextExample } from '../contracts/benchmark.js';
import type { ModelView } from '../contracts/model-view.js';
import type { Tokenizer } from '../contracts/tokenizer.js';
import type { RandomStream } from '../training/random.js';
import type { Head } from './heads.js';
import { type InContextPrompt, type InContextSettings, inContextPrompts } from './in-context-prompts.js';
import { type MeanActivations, meanActivations } from './mean-activations.js';

/** How the mean activations of a task are measured. */
export interface ActivationSettings extends Omit<InContextSettings, 'answers'> {
  readonly heads: readonly Head[];
  /** With fewer prompts answered right, all of them count. */
  readonly minCorrect: number;
}

/** Mean activations on a task, and what they were measured with. */
export interface TaskActivations extends MeanActivations {
  readonly made: readonly InContextPrompt[];
}

/** Mean activations of heads over N-shot prompts made of samples; undefined where no prompt could be made of them. */
export function taskActivations(
  model: ModelView,
  samples: readonly TextExample[],
  settings: ActivationSettings,
  { tokenizer, stream }: { tokenizer: Tokenizer; stream: RandomStream },
): TaskActivations | undefined {
  const made = inContextPrompts(samples, settings, tokenizer, stream);
  if (made.length === 0) return undefined;
  const { heads, minCorrect } = settings;
  return { ...meanActivations(model, made, { heads, minCorrect, pad: tokenizer.padding }), made };
}
