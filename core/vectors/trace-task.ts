import type { TextExample } from '../contracts/benchmark.js';
import type { ModelView } from '../contracts/model-view.js';
import type { Tokenizer } from '../contracts/tokenizer.js';
import { problem } from '../errors.js';
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

/** What heads are traced on. */
export interface TracedTask {
  /** Its name, for errors. */
  readonly task: string;
  /** What prompts are made of. */
  readonly samples: readonly TextExample[];
  /** Mean activations of all heads [L, H, d_h], row-major. */
  readonly means: Float32Array;
}

/**
 * Causal effects of all heads on a task, by trial [L * H] (arXiv 2406.12227, Eq. 2): its mean activations put into prompts whose
 * demonstrations have each other's answers.
 * @throws PalimpsestError DATA_EMPTY where no prompt can be made
 */
export function traceTask(
  model: ModelView,
  { task, samples, means }: TracedTask,
  { trials, shots, maxTokens, measure, answer }: TaskTraceSettings,
  { tokenizer, stream }: { tokenizer: Tokenizer; stream: RandomStream },
): Float64Array[] {
  const settings = { prompts: trials, demonstrationSets: trials, shots, maxTokens, answers: 'shuffled' } as const;
  const prompts = inContextPrompts(samples, settings, tokenizer, stream).filter(
    (prompt) => answer === 'first-token' || prompt.tokens.length + prompt.answer.length - 1 <= maxTokens,
  );
  if (prompts.length === 0) {
    throw problem('DATA_EMPTY', {
      where: `task "${task}"`,
      expected: `samples for prompts of 2 to ${shots} demonstrations in ${maxTokens} tokens, and questions that are none of them`,
      got: `${samples.length} samples, of which no prompt could be made`,
      remedy: 'Give more or shorter samples, or ask for fewer demonstrations.',
    });
  }
  return prompts.map((prompt) => effectsOf(tracePrompt(model, prompt, { means, answer }), measure));
}
