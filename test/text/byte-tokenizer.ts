import type { Tokenizer } from '../../core/contracts/tokenizer.js';
import { tokenizerFromParts } from '../../core/text/tokenizer.js';

/** The characters by which byte-level tokenizers name bytes: printable ones by themselves, the others by those from 256 on. */
function byteNames(): string[] {
  let next = 256;
  const printable = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
}

/** A token a byte of UTF-8, split into words as byte-level tokenizers do; EOS is 256. */
export function byteTokenizer(): Tokenizer {
  const vocab = Object.fromEntries([...byteNames(), '</s>'].map((name, id) => [name, id]));
  return tokenizerFromParts({
    where: 'bytes',
    json: {
      model: { type: 'BPE', vocab, merges: [] },
      normalizer: null,
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
      post_processor: null,
      decoder: { type: 'ByteLevel' },
      added_tokens: [{ id: 256, content: '</s>', special: true }],
    },
    config: { clean_up_tokenization_spaces: false },
    special: { eos: 256 },
  });
}
