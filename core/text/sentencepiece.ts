import type { JsonObject } from './tokenizer-parts.js';

const BLANK = '\u2581';

/**
 * Byte-pair merges equal to SentencePiece's BPE: of all ways to put a piece together from two others, the piece with the
 * highest score goes first (Kudo and Richardson 2018; scores are minus the order of learning).
 */
function mergesFromScores(pieces: readonly string[], scores: readonly number[]): [string, string][] {
  const ids = new Map(pieces.map((piece, id) => [piece, id]));
  const merges: { pair: [string, string]; score: number; order: number }[] = [];
  pieces.forEach((piece, id) => {
    const letters = Array.from(piece);
    for (let i = 1; i < letters.length; i++) {
      const pair: [string, string] = [letters.slice(0, i).join(''), letters.slice(i).join('')];
      const left = ids.get(pair[0]);
      if (left !== undefined && ids.has(pair[1])) merges.push({ pair, score: scores[id], order: left });
    }
  });
  merges.sort((a, b) => b.score - a.score || a.order - b.order);
  return merges.map(({ pair }) => pair);
}

export interface SentencePieceVocabulary {
  readonly vocab: JsonObject;
  readonly pieces: readonly string[];
  readonly scores: readonly number[];
  readonly unknown: string;
  /** Whether a blank is put before the text. */
  readonly spacePrefix: boolean;
}

/** The parts of a tokenizer.json for a SentencePiece BPE vocabulary with byte fallback (Llama 2, Mistral). */
export function sentencePieceJson({
  vocab,
  pieces,
  scores,
  unknown,
  spacePrefix,
}: SentencePieceVocabulary): JsonObject {
  const toBlank = { type: 'Replace', pattern: { String: ' ' }, content: BLANK };
  const fromBlank = { type: 'Replace', pattern: { String: BLANK }, content: ' ' };
  const strip = { type: 'Strip', content: ' ', start: 1, stop: 0 };
  return {
    normalizer: {
      type: 'Sequence',
      normalizers: spacePrefix ? [{ type: 'Prepend', prepend: BLANK }, toBlank] : [toBlank],
    },
    pre_tokenizer: null,
    post_processor: null,
    decoder: {
      type: 'Sequence',
      decoders: [fromBlank, { type: 'ByteFallback' }, { type: 'Fuse' }, ...(spacePrefix ? [strip] : [])],
    },
    model: {
      type: 'BPE',
      vocab,
      merges: mergesFromScores(pieces, scores),
      unk_token: unknown,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
    },
  };
}
