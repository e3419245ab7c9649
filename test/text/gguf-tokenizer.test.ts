import { describe, expect, it } from 'vitest';
import { type GgufMetadata, ggufTokenizerParts } from '../../core/text/gguf-tokenizer.js';
import { tokenizerFromParts } from '../../core/text/tokenizer.js';

const open = (values: Record<string, unknown>) => {
  const metadata: GgufMetadata = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key === 'chat_template' ? `tokenizer.${key}` : `tokenizer.ggml.${key}`,
      value,
    ]),
  );
  return tokenizerFromParts(ggufTokenizerParts(metadata, 'tiny.gguf'));
};

describe('a byte-level vocabulary', () => {
  const tokens = ['<eos>', '<tool>', '1', '2', 'a', 'b', 'Ġ', 'Ċ', 'Â', '½', 'ab', 'Ġab', 'ĊĊ', '12', 'Â½', 'aba'];
  const bytes = {
    model: 'gpt2',
    pre: 'smollm',
    tokens,
    token_type: [3, 4, ...tokens.slice(2).map(() => 1)],
    merges: ['a b', 'Ġ ab', 'Ċ Ċ', '1 2', 'Â ½'],
    eos_token_id: 0,
  };
  const pieces = (values: object, text: string) =>
    open({ ...bytes, ...values })
      .encode(text)
      .map((id) => tokens[id]);

  it('of smollm splits digits one by one, and blanks before a digit stay together', () => {
    expect(pieces({}, 'ab ab12\n\n1')).toEqual(['ab', 'Ġab', '1', '2', 'ĊĊ', '1']);
  });

  it('of gpt-2 keeps digits together, and the last blank with what follows', () => {
    expect(pieces({ pre: 'gpt-2' }, '12\n\n1')).toEqual(['12', 'Ċ', 'Ċ', '1']);
  });

  it('of qwen2 splits digits and composes accents', () => {
    expect(pieces({ pre: 'qwen2' }, '12½')).toEqual(['1', '2', 'Â½']);
  });

  it('of llama-bpe takes up to three digits, whole pieces without merging, and BOS unless the file says no', () => {
    expect(pieces({ pre: 'llama-bpe', bos_token_id: 0 }, '12aba')).toEqual(['<eos>', '12', 'aba']);
    expect(pieces({ pre: 'llama-bpe', bos_token_id: 0, add_bos_token: false }, 'aba')).toEqual(['aba']);
    expect(pieces({}, 'aba')).toEqual(['ab', 'a']);
  });

  it('parses control and user-defined tokens in text, and skips the first kind only', () => {
    const tokenizer = open(bytes);
    expect(tokenizer.encode('a<eos><tool>b')).toEqual([4, 0, 1, 5]);
    expect(tokenizer.decode([4, 0, 1, 5])).toBe('a<eos><tool>b');
    expect(tokenizer.decode([4, 0, 1, 5], { skipSpecial: true })).toBe('a<tool>b');
  });

  it('decodes nothing to nothing, and passes over ids that have no token', () => {
    expect(open(bytes).decode([])).toBe('');
    expect(open(bytes).decode([4, 999])).toBe('a');
  });

  it('takes EOS for padding where none is named', () => {
    expect(open(bytes)).toMatchObject({ vocabularySize: 16, endOfSequence: 0, padding: 0, beginOfSequence: undefined });
    expect(open({ ...bytes, padding_token_id: 1 })).toMatchObject({ padding: 1 });
  });

  it('is refused by name where its kind is unknown, and by key where something is missing', () => {
    expect(() => open({ ...bytes, pre: 'mystery' })).toThrow(/TOKENIZER_UNSUPPORTED.*tiny\.gguf.*pre.*got mystery/);
    expect(() => open({ ...bytes, model: 'bert' })).toThrow(/TOKENIZER_UNSUPPORTED.*model.*got bert/);
    expect(() => open({ ...bytes, merges: undefined })).toThrow(/TOKENIZER_UNSUPPORTED.*merges/);
    expect(() => open({ ...bytes, tokens: [1, 2] })).toThrow(/MODEL_FILE.*tokens/);
    expect(() => open({ ...bytes, eos_token_id: undefined })).toThrow(/TOKENIZER_UNSUPPORTED.*end-of-sequence/);
  });
});

describe('a SentencePiece vocabulary', () => {
  const byteTokens = Array.from(
    { length: 256 },
    (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
  );
  const tokens = ['<unk>', '<s>', '</s>', ...byteTokens, '▁', 'a', 'b', 'c', 'ab', '▁a', 'bc', '▁ab', '▁abc'];
  const scores = [...new Array(259 + 4).fill(0), -1, -2, -3, -4, -5];
  const tokenizer = open({
    model: 'llama',
    tokens,
    scores,
    token_type: [2, 3, 3, ...byteTokens.map(() => 6), ...new Array(9).fill(1)],
    bos_token_id: 1,
    eos_token_id: 2,
  });
  const pieces = (text: string) => tokenizer.encode(text).map((id) => tokens[id]);

  it('joins the pair with the best score first, after BOS and a blank', () => {
    expect(pieces('bab')).toEqual(['<s>', '▁', 'b', 'ab']);
    expect(pieces('abc ab')).toEqual(['<s>', '▁abc', '▁ab']);
  });

  it('falls back to bytes and finds the text again', () => {
    expect(pieces('é')).toEqual(['<s>', '▁', '<0xC3>', '<0xA9>']);
    expect(tokenizer.decode(tokenizer.encode('abc é ab'), { skipSpecial: true })).toBe('abc é ab');
  });

  it('needs a score for every piece', () => {
    const short = { model: 'llama', tokens: ['a', 'b'], scores: [0], eos_token_id: 0 };
    expect(() => open(short)).toThrow(/MODEL_FILE.*scores.*expected 2 numbers, got 1/);
  });
});
