import type { TextExample } from '../contracts/benchmark.js';
import type { ModelView } from '../contracts/model-view.js';
import type { Tokenizer } from '../contracts/tokenizer.js';
import type { RandomStream } from '../training/random.js';
import { type TracedAnswer, tracePrompt } from './causal-trace.js';
import { type EffectMeasure, effectsOf } from './head-effects.js';
import { inContextPrompts } from './in-context-prompts.js';

/** How heads are traced on a task. */
export interface TaskTraceSettings {
  /** Prompts with shuffled answers, each with demonstrations of its own. */
  readonly trials: number;
  /** N, demonstrations in each. */
  readonly shots: number;
  /** Longest prompt in tokens. */
  readonly maxTokens: number;
  readonly measure: EffectMeasure;
  readonly answer: TracedAnswer;
}

/**
 * Causal effects of all heads on a task, by trial [L * H] (arXiv 2406.12227, Eq. 2): its mean activations put into prompts whose
 * demonstrations have each other's answers.
 * @param means [L, H, d_h], row-major
 */
export function traceTask(
  model: ModelView,
  { samples, means }: { samples: readonly TextExample[]; means: Float32Array },
  { trials, shots, maxTokens, measure, answer }: TaskTraceSettings,
  { tokenizer, stream }: { tokenizer: Tokenizer; stream: RandomStream },
): Float64Array[] {
  const settings = { prompts: trials, demonstrationSets: trials, shots, maxTokens, answers: 'shuffled' } as const;
  const prompts = inContextPrompts(samples, settings, tokenizer, stream);
  return prompts.map((prompt) => effectsOf(tracePrompt(model, prompt, { means, answer }), measure));
}
