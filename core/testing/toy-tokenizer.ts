import type { Tokenizer } from '../contracts/tokenizer.js';

const FIRST_LETTER = 3;
const BLANK = 29;
const NEWLINE = 30;
const OTHER = 31;

/** A token a character, for the toy model: a-z are 3 to 28, a blank 29, a newline 30, all others 31; 0 ends a sequence. */
export const toyTokenizer: Tokenizer = {
  vocabularySize: 32,
  endOfSequence: 0,
  padding: 0,
  encode: (text) => [...text].map(idOf),
  decode: (ids, { skipSpecial = false } = {}) =>
    ids.map((id) => (id < FIRST_LETTER ? (skipSpecial ? '' : `<${id}>`) : characterOf(id))).join(''),
  renderChat: (messages) => messages.map(({ content }) => content).join('\n'),
};

function idOf(character: string): number {
  if (character >= 'a' && character <= 'z') return character.charCodeAt(0) - 'a'.charCodeAt(0) + FIRST_LETTER;
  if (character === ' ') return BLANK;
  return character === '\n' ? NEWLINE : OTHER;
}

function characterOf(id: number): string {
  if (id === BLANK) return ' ';
  if (id === NEWLINE) return '\n';
  return id === OTHER ? '?' : String.fromCharCode('a'.charCodeAt(0) + id - FIRST_LETTER);
}
