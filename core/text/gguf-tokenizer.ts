import { problem } from '../errors.js';
import { byteLevelPreTokenizer, ggufPreTokenizers } from './pre-tokenizers.js';
import { sentencePieceJson } from './sentencepiece.js';
import { type JsonObject, type SpecialIds, type TokenizerParts, templateText } from './tokenizer-parts.js';

/** Values of `tokenizer.ggml.token_type` that matter here (gguf.md): the text of these is never split. */
const UNKNOWN = 2;
const CONTROL = 3;
const USER_DEFINED = 4;

/** A GGUF's metadata by key; only `tokenizer.*` is read. */
export type GgufMetadata = Readonly<Record<string, unknown>>;

/**
 * The tokenizer that a GGUF carries, as the parts of a Hugging Face one.
 * @throws PalimpsestError TOKENIZER_UNSUPPORTED, MODEL_FILE
 */
export function ggufTokenizerParts(metadata: GgufMetadata, where: string): TokenizerParts {
  const model = metadata['tokenizer.ggml.model'];
  const tokens = list<string>(metadata, 'tokens', 'string', where);
  const types = metadata['tokenizer.ggml.token_type'] ? list<number>(metadata, 'token_type', 'number', where) : [];
  const base = model === 'gpt2' ? byteLevel(metadata, tokens, where) : sentencePiece(metadata, tokens, where);
  return {
    where,
    json: { ...base.json, added_tokens: addedTokens(tokens, types) },
    config: { clean_up_tokenization_spaces: false },
    special: ggufSpecialIds(metadata),
    addBos:
      typeof metadata['tokenizer.ggml.add_bos_token'] === 'boolean'
        ? metadata['tokenizer.ggml.add_bos_token']
        : base.addBos,
    chatTemplate: ggufChatTemplate(metadata),
  };
}

export function ggufSpecialIds(metadata: GgufMetadata): SpecialIds {
  const id = (name: string) => {
    const value = metadata[`tokenizer.ggml.${name}_token_id`];
    return value === undefined ? undefined : Number(value);
  };
  const ends = [id('eos'), id('eot'), id('eom')].filter((end) => end !== undefined);
  return { bos: id('bos'), eos: id('eos'), pad: id('padding'), ends };
}

export function ggufChatTemplate(metadata: GgufMetadata): string | undefined {
  return templateText(metadata['tokenizer.chat_template']);
}

interface Base {
  readonly json: JsonObject;
  readonly addBos: boolean;
}

function byteLevel(metadata: GgufMetadata, tokens: readonly string[], where: string): Base {
  const name = metadata['tokenizer.ggml.pre'] ?? 'default';
  const pre = ggufPreTokenizers.get(String(name));
  if (!pre) throw unsupported(where, 'pre', [...ggufPreTokenizers.keys()].join(', '), name);
  return {
    addBos: pre.addBos ?? false,
    json: {
      normalizer: pre.normalizer ?? null,
      pre_tokenizer: byteLevelPreTokenizer(pre.patterns),
      post_processor: null,
      decoder: { type: 'ByteLevel' },
      model: {
        type: 'BPE',
        vocab: vocabulary(tokens),
        merges: list<string>(metadata, 'merges', 'string', where),
        ignore_merges: pre.wholePieces ?? false,
      },
    },
  };
}

function sentencePiece(metadata: GgufMetadata, tokens: readonly string[], where: string): Base {
  const model = metadata['tokenizer.ggml.model'];
  if (model !== 'llama') throw unsupported(where, 'model', 'gpt2 or llama', model);
  const scores = list<number>(metadata, 'scores', 'number', where);
  if (scores.length !== tokens.length) throw damaged(where, 'scores', `${tokens.length} numbers`, `${scores.length}`);
  return {
    addBos: true,
    json: sentencePieceJson({
      vocab: vocabulary(tokens),
      pieces: tokens,
      scores,
      unknown: tokens[Number(metadata['tokenizer.ggml.unknown_token_id'] ?? 0)],
      spacePrefix: metadata['tokenizer.ggml.add_space_prefix'] !== false,
    }),
  };
}

function vocabulary(tokens: readonly string[]): JsonObject {
  const vocab: JsonObject = Object.create(null);
  tokens.forEach((token, id) => {
    vocab[token] = id;
  });
  return vocab;
}

function addedTokens(tokens: readonly string[], types: readonly number[]): JsonObject[] {
  return tokens.flatMap((content, id) => {
    const type = types[id];
    if (type !== CONTROL && type !== USER_DEFINED && type !== UNKNOWN) return [];
    return [{ id, content, special: type !== USER_DEFINED, normalized: false }];
  });
}

function list<T extends string | number>(
  metadata: GgufMetadata,
  key: string,
  type: 'string' | 'number',
  where: string,
): readonly T[] {
  const value = metadata[`tokenizer.ggml.${key}`];
  if (value === undefined) throw unsupported(where, key, `a list of ${type}s`, 'none');
  if (!Array.isArray(value) || value.some((entry) => typeof entry !== type)) {
    throw damaged(where, key, `a list of ${type}s`, Array.isArray(value) ? 'other entries' : typeof value);
  }
  return value;
}

const unsupported = (where: string, key: string, expected: string, got: unknown) =>
  problem('TOKENIZER_UNSUPPORTED', { where: `${where}, tokenizer.ggml.${key}`, expected, got: String(got) });

const damaged = (where: string, key: string, expected: string, got: string) =>
  problem('MODEL_FILE', { where: `${where}, tokenizer.ggml.${key}`, expected, got });
