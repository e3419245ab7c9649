/** A pre-tokenizer as tokenizer.json describes it. */
export type PreTokenizerJson = { readonly type: string } & Record<string, unknown>;

/** The pattern of GPT-2's byte-level BPE. */
const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

const CONTRACTIONS = "'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]";
const WORDS_AND = '[^\\r\\n\\p{L}\\p{N}]?\\p{L}+';
const REST = '| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const LLAMA3 = `${CONTRACTIONS}|${WORDS_AND}|\\p{N}{1,3}${REST}`;
const QWEN2 = `${CONTRACTIONS}|${WORDS_AND}|\\p{N}${REST}`;

const UPPER = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]';
const LOWER = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]';
const TEKKEN =
  `[^\\r\\n\\p{L}\\p{N}]?${UPPER}*${LOWER}+|[^\\r\\n\\p{L}\\p{N}]?${UPPER}+${LOWER}*|\\p{N}` +
  '| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

interface GgufPreTokenizer {
  /** Patterns applied one after the other; what matches and what lies between stays apart. */
  readonly patterns: readonly string[];
  /** A piece that is a token as a whole is not merged. */
  readonly wholePieces?: boolean;
  /** Whether begin-of-sequence is put first where the file does not say. */
  readonly addBos?: boolean;
  readonly normalizer?: { readonly type: string };
}

const llama3: GgufPreTokenizer = { patterns: [LLAMA3], wholePieces: true, addBos: true };
const qwen2: GgufPreTokenizer = { patterns: [QWEN2], normalizer: { type: 'NFC' } };

/** What `tokenizer.ggml.pre` names, as llama.cpp and the models' own tokenizer.json define it. */
export const ggufPreTokenizers: ReadonlyMap<string, GgufPreTokenizer> = new Map([
  ['default', { patterns: ['[\\p{P}$+<=>^~|]+', GPT2, '\\p{N}+', '[0-9][0-9][0-9]'] }],
  ['gpt-2', { patterns: [GPT2] }],
  ['smollm', { patterns: ['\\p{N}', GPT2] }],
  ['llama-bpe', llama3],
  ['llama3', llama3],
  ['llama-v3', llama3],
  ['qwen2', qwen2],
  ['deepseek-r1-qwen', qwen2],
  ['tekken', { patterns: [TEKKEN], wholePieces: true, addBos: true }],
]);

/** The patterns, then the bytes of each piece. */
export function byteLevelPreTokenizer(patterns: readonly string[]): PreTokenizerJson {
  return { type: 'Sequence', pretokenizers: [...patterns.map(split), BYTES] };
}

const BYTES = { type: 'ByteLevel', add_prefix_space: false, use_regex: false };

const split = (pattern: string): PreTokenizerJson => ({
  type: 'Split',
  pattern: { Regex: pattern },
  behavior: 'Isolated',
  invert: false,
});

/**
 * The same pre-tokenizer with Unicode's digits and blanks spelt out: JavaScript's `\d` and `\s`, which the tokenizer
 * library's `Digits` and `ByteLevel` use, differ from the original implementation's (`½` is a number, U+FEFF no blank).
 */
export function withUnicodeClasses(json: PreTokenizerJson): PreTokenizerJson {
  if (json.type === 'Sequence' && Array.isArray(json.pretokenizers)) {
    return { ...json, pretokenizers: json.pretokenizers.map(withUnicodeClasses) };
  }
  if (json.type === 'Digits') return split(json.individual_digits ? '\\p{N}' : '\\p{N}+');
  if (json.type === 'ByteLevel' && json.use_regex !== false && !json.add_prefix_space) {
    return byteLevelPreTokenizer([GPT2]);
  }
  return json;
}
