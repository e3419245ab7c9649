import type { TextExample } from '../contracts/benchmark.js';
import type { Tokenizer } from '../contracts/tokenizer.js';
import { problem } from '../errors.js';
import { encodePair } from '../text/examples.js';
import { fitAnswer, fitPrompt, type LengthLimits, limitsWithin } from '../text/limits.js';
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
  /** Whether the right answer is longer than a generated one may be. */
  readonly truncatedAnswer: boolean;
}

/** How an item becomes tokens. */
export interface ItemEncoding {
  /** The demonstrations' text. */
  readonly prefix: string;
  readonly tokenizer: Tokenizer;
  readonly limits: LengthLimits;
  /** Of the model: prompt and answer, or choice, have room in it. */
  readonly maxPositions: number;
  /** Names the item in errors. */
  readonly where: string;
}

/**
 * An item behind its demonstrations as tokens. Choices are whole, however long an answer may be.
 * @throws PalimpsestError DATA_TOO_LONG, DATA_LINE
 */
export function encodeItem(
  { prompt, answer, choices = [] }: TextExample,
  { prefix, tokenizer, limits, maxPositions, where }: ItemEncoding,
): EncodedItem {
  const text = prefix + prompt;
  const ids = tokenizer.encode(text);
  if (ids.length === 0) {
    throw problem('DATA_LINE', { where, expected: 'a prompt of at least one token', got: JSON.stringify(text) });
  }
  const right = continuationOf({ text, ids }, answer, tokenizer);
  const options = choices.map((choice) => continuationOf({ text, ids }, choice, tokenizer));
  const longest = Math.max(limits.maxOutputTokens, ...options.map(({ continuation }) => continuation.length));
  const fitted = fitPrompt(ids, limitsWithin({ ...limits, maxOutputTokens: longest }, maxPositions), where);
  const contextOf = (overlap: number) => fitted.tokens.slice(0, fitted.tokens.length - overlap);
  return {
    prompt: fitted.tokens,
    firstToken: { context: contextOf(right.overlap), continuation: right.continuation.slice(0, 1) },
    choices: options.map(({ continuation, overlap }) => ({ context: contextOf(overlap), continuation })),
    truncatedPrompt: fitted.truncated,
    truncatedAnswer: fitAnswer(right.continuation, limits, where).truncated,
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
