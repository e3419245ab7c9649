import type { TextExample } from '../contracts/benchmark.js';
import type { Tokenizer } from '../contracts/tokenizer.js';
import { problem } from '../errors.js';
import { encodePair } from '../text/examples.js';
import { fitAnswer, fitPrompt, type LengthLimits } from '../text/limits.js';
import type { TokenPair } from './context-table.js';

/** An item's N-shot prompt and what may follow it, as the model sees them. */
export interface EncodedItem {
  /** ids(demonstrations + prompt), its middle left out where it is too long. */
  readonly prompt: number[];
  /** First token of the right answer, after the prompt tokens that it does not overlap. */
  readonly firstToken: TokenPair;
  /** The item's choices; empty where it has none. */
  readonly choices: TokenPair[];
  readonly truncatedPrompt: boolean;
  readonly truncatedAnswer: boolean;
}

/**
 * An item behind its demonstrations as tokens.
 * @param prefix the demonstrations' text @param where names the item in errors
 * @throws PalimpsestError DATA_TOO_LONG, DATA_LINE
 */
export function encodeItem(
  { prompt, answer, choices = [] }: TextExample,
  { prefix, tokenizer, limits, where }: { prefix: string; tokenizer: Tokenizer; limits: LengthLimits; where: string },
): EncodedItem {
  const text = prefix + prompt;
  const ids = tokenizer.encode(text);
  if (ids.length === 0) {
    throw problem('DATA_LINE', { where, expected: 'a prompt of at least one token', got: JSON.stringify(text) });
  }
  const fitted = fitPrompt(ids, limits, where);
  const follow = (continuation: string) => {
    const pair = continuationOf({ text, ids }, continuation, tokenizer);
    const { tokens, truncated } = fitAnswer(pair.continuation, limits, where);
    return { context: fitted.tokens.slice(0, fitted.tokens.length - pair.overlap), continuation: tokens, truncated };
  };
  const right = follow(answer);
  const options = choices.map(follow);
  return {
    prompt: fitted.tokens,
    firstToken: { context: right.context, continuation: right.continuation.slice(0, 1) },
    choices: options.map(({ context, continuation }) => ({ context, continuation })),
    truncatedPrompt: fitted.truncated,
    truncatedAnswer: [right, ...options].some(({ truncated }) => truncated),
  };
}

/**
 * Tokens of a text after a prompt: ids(prompt + text) minus what that has in common with ids(prompt). `overlap` counts the
 * prompt's last tokens that a token across the border replaces. Where nothing would be left of the prompt, the text is
 * tokenized on its own.
 */
export function continuationOf(
  prompt: { readonly text: string; readonly ids: readonly number[] },
  text: string,
  tokenizer: Tokenizer,
): { continuation: number[]; overlap: number } {
  const pair = encodePair(prompt.text, text, tokenizer);
  if (pair.prompt.length === 0) return { continuation: tokenizer.encode(text, { bos: false }), overlap: 0 };
  return { continuation: pair.continuation, overlap: prompt.ids.length - pair.prompt.length };
}
