import type { Tokenizer } from '../../core/contracts/tokenizer.js';

/**
 * One token a letter (its code), except that a blank joins the word after it, up to two letters: ` ca` is one token. EOS is
 * 1, BOS (where asked for) 2.
 */
export function letterTokenizer(options: { bos?: boolean } = {}): Tokenizer {
  const pieces: string[] = [];
  const idOf = (piece: string) => (pieces.includes(piece) ? pieces.indexOf(piece) : pieces.push(piece) - 1) + 200;
  return {
    vocabularySize: 1000,
    endOfSequence: 1,
    padding: 0,
    beginOfSequence: options.bos ? 2 : undefined,
    encode(text, { bos = true } = {}) {
      const found = text.match(/ \w{1,2}|[\s\S]/g) ?? [];
      const ids = found.map((piece) => (piece.length > 1 ? idOf(piece) : piece.charCodeAt(0)));
      return options.bos && bos ? [2, ...ids] : ids;
    },
    decode: (ids) => ids.map((id) => (id >= 200 ? pieces[id - 200] : String.fromCharCode(id))).join(''),
    renderChat: (messages) => messages.map(({ content }) => content).join('\n'),
  };
}
