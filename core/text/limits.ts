import { problem } from '../errors.js';

/** How long prompts and answers may be, in tokens, and what happens beyond. */
export interface LengthLimits {
  /** Longest prompt in tokens; `Infinity` for none. */
  readonly maxInputTokens: number;
  /** Longest answer in tokens, what ends it included; `Infinity` for none. */
  readonly maxOutputTokens: number;
  /** `truncate`: a prompt loses its middle, an answer its end. `refuse`: DATA_TOO_LONG. */
  readonly overflow: 'truncate' | 'refuse';
}

/** The limits with prompts so short that a model of `maxPositions` tokens has room for the longest answer behind them. */
export function limitsWithin<L extends LengthLimits>(limits: L, maxPositions: number): L {
  const room = Math.max(1, maxPositions - limits.maxOutputTokens);
  return { ...limits, maxInputTokens: Math.min(limits.maxInputTokens, room) };
}

export interface FittedTokens {
  readonly tokens: number[];
  readonly truncated: boolean;
}

/**
 * A prompt of at most maxInputTokens: its first floor(max / 2) tokens and its last ones, the middle left out.
 * @throws PalimpsestError DATA_TOO_LONG where overflow is `refuse`
 */
export function fitPrompt(tokens: readonly number[], limits: LengthLimits, where?: string): FittedTokens {
  const max = limits.maxInputTokens;
  if (tokens.length <= max) return { tokens: [...tokens], truncated: false };
  refuseLong('prompt', tokens.length, max, limits, where);
  const head = Math.floor(max / 2);
  return { tokens: [...tokens.slice(0, head), ...tokens.slice(tokens.length - (max - head))], truncated: true };
}

/**
 * An answer of at most maxOutputTokens: its first ones.
 * @throws PalimpsestError DATA_TOO_LONG where overflow is `refuse`
 */
export function fitAnswer(tokens: readonly number[], limits: LengthLimits, where?: string): FittedTokens {
  const max = limits.maxOutputTokens;
  if (tokens.length <= max) return { tokens: [...tokens], truncated: false };
  refuseLong('answer', tokens.length, max, limits, where);
  return { tokens: tokens.slice(0, max), truncated: true };
}

function refuseLong(what: string, got: number, max: number, limits: LengthLimits, where?: string): void {
  if (limits.overflow === 'truncate') return;
  const place = [where, what].filter(Boolean).join(', ');
  throw problem('DATA_TOO_LONG', { where: place, expected: `at most ${max} tokens`, got: `${got}` });
}
