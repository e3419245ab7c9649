import type { TrainingBatch } from '../contracts/batch.js';
import type { Example, TextExample, TokenExample } from '../contracts/benchmark.js';
import type { Tokenizer } from '../contracts/tokenizer.js';
import { problem } from '../errors.js';
import { commonPrefixLength, padRows } from './batching.js';
import { fitAnswer, fitPrompt, type LengthLimits } from './limits.js';

/** Label of a token on which no loss is taken. */
export const NO_LOSS = -100;

export type AnswerEnd = 'eos' | 'newline';

export interface ExampleSettings extends LengthLimits {
  /** What ends a trained answer; trained too. */
  readonly answerEnd: AnswerEnd;
}

/** A training example as the model sees it. */
export interface EncodedExample {
  /** Prompt, answer and what ends it. */
  readonly tokens: number[];
  /** labels[i] belongs to tokens[i]; -100 for no loss. */
  readonly labels: number[];
  /** Number of tokens before the first labelled one. */
  readonly promptTokens: number;
  readonly truncatedPrompt: boolean;
  readonly truncatedAnswer: boolean;
}

export interface EncodedPair {
  readonly prompt: number[];
  readonly continuation: number[];
}

/**
 * Token ids of a prompt and of the text that follows it. Together they are ids(prompt + continuation); the prompt's part is
 * what that has in common with ids(prompt), hence all of ids(prompt) unless a token spans the border. Where one does (a
 * prompt that ends in a blank, for example), it belongs to the continuation, as in the lm-evaluation-harness.
 */
export function encodePair(prompt: string, continuation: string, tokenizer: Tokenizer): EncodedPair {
  const whole = tokenizer.encode(prompt + continuation);
  const border = commonPrefixLength([tokenizer.encode(prompt), whole]);
  return { prompt: whole.slice(0, border), continuation: whole.slice(border) };
}

/**
 * An example as tokens and labels. Text: prompt, answer as it stands, then EOS or a newline; ready-made tokens are taken as
 * they stand, whatever their length. `where` names the example in errors.
 * @throws PalimpsestError DATA_TOO_LONG, TOKEN_OUT_OF_RANGE
 */
export function encodeExample(
  example: Example,
  tokenizer: Tokenizer,
  settings: ExampleSettings,
  where?: string,
): EncodedExample {
  return 'tokens' in example ? readyMade(example, tokenizer, where) : fromText(example, tokenizer, settings, where);
}

function fromText(
  { prompt, answer }: TextExample,
  tokenizer: Tokenizer,
  settings: ExampleSettings,
  where?: string,
): EncodedExample {
  const newline = settings.answerEnd === 'newline';
  const pair = encodePair(prompt, newline ? `${answer}\n` : answer, tokenizer);
  const ended = newline ? pair.continuation : [...pair.continuation, tokenizer.endOfSequence];
  const input = fitPrompt(pair.prompt, settings, where);
  const output = fitAnswer(ended, settings, where);
  return {
    tokens: [...input.tokens, ...output.tokens],
    labels: [...input.tokens.map(() => NO_LOSS), ...output.tokens],
    promptTokens: input.tokens.length,
    truncatedPrompt: input.truncated,
    truncatedAnswer: output.truncated,
  };
}

function readyMade({ tokens, labels }: TokenExample, tokenizer: Tokenizer, where?: string): EncodedExample {
  const size = tokenizer.vocabularySize;
  const bad = [...tokens, ...labels.filter((label) => label !== NO_LOSS)].find((id) => id < 0 || id >= size);
  if (bad !== undefined) {
    throw problem('TOKEN_OUT_OF_RANGE', { where, expected: `ids from 0 to ${size - 1}`, got: `${bad}` });
  }
  const first = labels.findIndex((label) => label !== NO_LOSS);
  return {
    tokens: [...tokens],
    labels: [...labels],
    promptTokens: first < 0 ? tokens.length : first,
    truncatedPrompt: false,
    truncatedAnswer: false,
  };
}

/** The label that each answer position predicts [P]. */
export function nextLabels({ labels, answerPositions }: TrainingBatch): Int32Array {
  return answerPositions.map((position) => labels[position + 1]);
}

/** The examples named by `indices` as one right-padded batch; `pad` fills it up. */
export function trainingBatch(
  examples: readonly TokenExample[],
  indices: readonly number[],
  pad: number,
): TrainingBatch {
  const chosen = indices.map((index) => examples[index]);
  const batch = padRows(
    chosen.map((example) => example.tokens),
    { pad },
  );
  const labels = new Int32Array(batch.rows * batch.length).fill(NO_LOSS);
  const positions: number[] = [];
  const answerStart = new Int32Array(batch.rows).fill(-1);
  chosen.forEach((example, b) => {
    labels.set(example.labels, b * batch.length);
    const before = positions.length;
    for (let i = 1; i < example.labels.length; i++) {
      if (example.labels[i] !== NO_LOSS) positions.push(b * batch.length + i - 1);
    }
    if (positions.length > before) answerStart[b] = positions[before];
  });
  return {
    ...batch,
    labels,
    answerPositions: Int32Array.from(positions),
    answerStart,
    exampleIndex: Int32Array.from(indices),
  };
}
