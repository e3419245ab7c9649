import type { ChatMessage, Tokenizer } from '../contracts/tokenizer.js';
import { PalimpsestError, problem } from '../errors.js';
import type { Model } from '../evaluation/model.js';
import type { ParsedLine } from './jsonl.js';

/** What a line may give the model to read: one of these. */
export interface LineSource {
  readonly prompt?: string;
  readonly messages?: readonly ChatMessage[];
  readonly tokens?: readonly number[];
}

/**
 * The tokens that a line gives the model: of its prompt, of its conversation up to the assistant's turn, or as they stand.
 * @param room tokens that must still fit behind them
 * @throws PalimpsestError INPUT_LINE, TOKENS_TOO_LONG, TOKEN_OUT_OF_RANGE, CHAT_TEMPLATE_MISSING
 */
export function tokensOfLine(model: Model, { value, where }: ParsedLine<LineSource>, room = 0): number[] {
  const tokens = encodeSource(model, value, where);
  assertTokens(model, tokens, where, room);
  return tokens;
}

function encodeSource({ tokenizer }: Model, { prompt, messages, tokens }: LineSource, where: string): number[] {
  if (tokens) return [...tokens];
  if (prompt !== undefined) return tokenizer.encode(prompt);
  return conversationTokens(tokenizer, messages ?? [], { generationPrompt: true, where }).tokens;
}

/**
 * A conversation as text by the chat template, and its tokens: no BOS but the template's own.
 * @throws PalimpsestError CHAT_TEMPLATE_MISSING, CHAT_TEMPLATE_FAILED naming the line
 */
export function conversationTokens(
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  { generationPrompt, where }: { generationPrompt: boolean; where: string },
): { text: string; tokens: number[] } {
  try {
    const text = tokenizer.renderChat(messages, { generationPrompt });
    return { text, tokens: tokenizer.encode(text, { bos: false }) };
  } catch (error) {
    if (error instanceof PalimpsestError) throw problem(error.code, { ...error.details, where });
    throw error;
  }
}

/** @throws PalimpsestError INPUT_LINE, TOKENS_TOO_LONG, TOKEN_OUT_OF_RANGE */
export function assertTokens({ backbone }: Model, tokens: readonly number[], where: string, room = 0): void {
  const { vocabulary, maxPositions } = backbone.sizes;
  if (tokens.length === 0) throw problem('INPUT_LINE', { where, expected: 'at least one token', got: 'none' });
  const outside = tokens.find((id) => id >= vocabulary);
  if (outside !== undefined) {
    throw problem('TOKEN_OUT_OF_RANGE', { where, expected: `ids from 0 to ${vocabulary - 1}`, got: String(outside) });
  }
  if (tokens.length + room > maxPositions) {
    const got = room > 0 ? `${tokens.length} and ${room} new ones` : String(tokens.length);
    throw problem('TOKENS_TOO_LONG', { where, expected: `at most ${maxPositions} tokens`, got, remedy: 'Shorten it.' });
  }
}
