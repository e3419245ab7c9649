import { dirname } from 'node:path';
import { Tokenizer as Codec } from '@huggingface/tokenizers';
import type { ChatMessage, Tokenizer } from '../contracts/tokenizer.js';
import { problem } from '../errors.js';
import { readGgufMetadata } from '../weights/gguf.js';
import type { ModelFiles } from '../weights/model-files.js';
import { ChatTemplate } from './chat-template.js';
import { type GgufMetadata, ggufChatTemplate, ggufSpecialIds, ggufTokenizerParts } from './gguf-tokenizer.js';
import { folderTokenizerParts, hasTokenizerJson } from './tokenizer-folder.js';
import { firstKnown, type TokenizerParts } from './tokenizer-parts.js';

/**
 * A model's own tokenizer: the tokenizer.json of its folder (also beside a .gguf file), else what the GGUF carries.
 * @param read the GGUF's metadata where it has been read already
 * @throws PalimpsestError TOKENIZER_UNSUPPORTED, MODEL_FILE
 */
export async function openTokenizer(files: ModelFiles, read?: GgufMetadata): Promise<Tokenizer> {
  if (files.kind === 'huggingface') return tokenizerFromParts(await folderTokenizerParts(files.path));
  const metadata = read ?? (await readGgufMetadata(files.path));
  const folder = dirname(files.path);
  if (!hasTokenizerJson(folder)) return tokenizerFromParts(ggufTokenizerParts(metadata, files.path));
  const parts = await folderTokenizerParts(folder);
  return tokenizerFromParts({
    ...parts,
    special: firstKnown(parts.special, ggufSpecialIds(metadata)),
    chatTemplate: parts.chatTemplate ?? ggufChatTemplate(metadata),
  });
}

/** Builds the tokenizer. @throws PalimpsestError TOKENIZER_UNSUPPORTED */
export function tokenizerFromParts(parts: TokenizerParts): Tokenizer {
  const { where, special } = parts;
  let codec: Codec;
  try {
    codec = new Codec(parts.json, parts.config);
  } catch (error) {
    throw problem('TOKENIZER_UNSUPPORTED', { where, got: (error as Error).message });
  }
  if (special.eos === undefined) {
    throw problem('TOKENIZER_UNSUPPORTED', {
      where,
      expected: 'an end-of-sequence token',
      got: 'none',
      remedy: 'Name it as eos_token in tokenizer_config.json.',
    });
  }
  return new ModelTokenizer(codec, parts, special.eos, beginOfSequence(codec, parts));
}

/** The id put first: as add_bos_token says, else what the post-processor puts before an empty text. */
function beginOfSequence(codec: Codec, { special, addBos }: TokenizerParts): number | undefined {
  if (addBos === false) return undefined;
  if (addBos === true) return special.bos;
  const first = codec.encode('').ids[0];
  return first === special.bos ? first : undefined;
}

class ModelTokenizer implements Tokenizer {
  readonly vocabularySize: number;
  readonly padding: number;
  readonly otherEnds: readonly number[];
  private readonly chat: ChatTemplate;

  constructor(
    private readonly codec: Codec,
    parts: TokenizerParts,
    readonly endOfSequence: number,
    readonly beginOfSequence: number | undefined,
  ) {
    const { bos, pad, ends = [] } = parts.special;
    this.padding = pad ?? endOfSequence;
    this.otherEnds = ends.filter((id) => id !== endOfSequence);
    this.vocabularySize = [...codec.get_vocab().values()].reduce((most, id) => Math.max(most, id + 1), 0);
    const named = { bos_token: bos, eos_token: endOfSequence, pad_token: this.padding };
    const tokens = Object.entries(named).map(([name, id]) => [
      name,
      id === undefined ? '' : (codec.id_to_token(id) ?? ''),
    ]);
    this.chat = new ChatTemplate({
      where: parts.where,
      template: parts.chatTemplate,
      tokens: Object.fromEntries(tokens),
    });
  }

  encode(text: string, options: { bos?: boolean } = {}): number[] {
    const { ids } = this.codec.encode(text, { add_special_tokens: false });
    const begin = options.bos === false ? undefined : this.beginOfSequence;
    return begin === undefined ? ids : [begin, ...ids];
  }

  decode(ids: readonly number[], options: { skipSpecial?: boolean } = {}): string {
    const known = ids.filter((id) => this.codec.id_to_token(id) !== undefined);
    if (known.length === 0) return '';
    return this.codec.decode(known, { skip_special_tokens: options.skipSpecial ?? false });
  }

  renderChat(messages: readonly ChatMessage[], options: { generationPrompt?: boolean } = {}): string {
    return this.chat.render(messages, options.generationPrompt ?? false);
  }
}
