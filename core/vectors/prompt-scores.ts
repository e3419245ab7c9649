import * as tf from '@tensorflow/tfjs-core';
import type { ModelView } from '../contracts/model-view.js';
import { tokenCrossEntropy } from '../engine/ops/cross-entropy.js';
import type { InContextPrompt } from './in-context-prompts.js';
import { eachPromptBatch, type PromptRequest } from './prompt-batches.js';

/** How well prompts are answered: means over them. */
export interface PromptScores {
  readonly prompts: number;
  /** Share of prompts after which the answer's first token is the most likely one. */
  readonly accuracy: number;
  /** Of the answer's first token, in nats. */
  readonly logProbability: number;
}

/** Scores prompts with the model's activations edited at their last tokens. */
export function scorePrompts(
  model: ModelView,
  prompts: readonly InContextPrompt[],
  request: Pick<PromptRequest, 'pad' | 'edits'>,
): PromptScores {
  let [right, sum] = [0, 0];
  const tokens = prompts.map((prompt) => prompt.tokens);
  eachPromptBatch(model, tokens, request, ({ logits }, { indices }) => {
    const targets = Int32Array.from(indices, (index) => prompts[index].answer[0]);
    const found = tf.argMax(logits as tf.Tensor2D, -1).dataSync();
    right += targets.filter((target, row) => found[row] === target).length;
    sum -= tf.sum(tokenCrossEntropy(logits as tf.Tensor2D, targets)).dataSync()[0];
  });
  return { prompts: prompts.length, accuracy: right / prompts.length, logProbability: sum / prompts.length };
}
