import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { problem } from '../errors.js';
import { type PreTokenizerJson, withUnicodeClasses } from './pre-tokenizers.js';
import {
  firstKnown,
  isObject,
  type JsonObject,
  type SpecialIds,
  type TokenizerParts,
  templateText,
} from './tokenizer-parts.js';

export function hasTokenizerJson(folder: string): boolean {
  return existsSync(join(folder, 'tokenizer.json'));
}

/**
 * The tokenizer of a Hugging Face directory: tokenizer.json, and beside it tokenizer_config.json, chat_template.jinja,
 * generation_config.json and config.json where they are there.
 * @throws PalimpsestError TOKENIZER_UNSUPPORTED, MODEL_FILE
 */
export async function folderTokenizerParts(folder: string): Promise<TokenizerParts> {
  const where = join(folder, 'tokenizer.json');
  const json = await readObject(where);
  if (!json) throw problem('TOKENIZER_UNSUPPORTED', { where: folder, expected: 'tokenizer.json', got: 'none' });
  const config = (await readObject(join(folder, 'tokenizer_config.json'))) ?? {};
  return {
    where,
    json: complete(json),
    config: { clean_up_tokenization_spaces: false, ...config },
    special: firstKnown(namedIds(config, json), await modelIds(folder)),
    addBos: typeof config.add_bos_token === 'boolean' ? config.add_bos_token : undefined,
    chatTemplate: (await readText(join(folder, 'chat_template.jinja'))) ?? templateText(config.chat_template),
  };
}

function complete(json: JsonObject): JsonObject {
  const parts = {
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    added_tokens: [],
    ...json,
  };
  const pre = parts.pre_tokenizer as PreTokenizerJson | null;
  return { ...parts, pre_tokenizer: pre && withUnicodeClasses(pre) };
}

async function modelIds(folder: string): Promise<SpecialIds> {
  const files = await Promise.all(
    ['generation_config.json', 'config.json'].map((name) => readObject(join(folder, name))),
  );
  const ids = (key: string): number[] => {
    const value: unknown = files.map((file) => file?.[key]).find((entry) => entry !== undefined && entry !== null);
    return [value].flat().filter((id) => typeof id === 'number');
  };
  const ends = ids('eos_token_id');
  return { bos: ids('bos_token_id')[0], eos: ends[0], pad: ids('pad_token_id')[0], ends };
}

function namedIds(config: JsonObject, json: JsonObject): SpecialIds {
  const added = Array.isArray(json.added_tokens) ? json.added_tokens.filter(isObject) : [];
  const vocab = isObject(json.model) && isObject(json.model.vocab) ? json.model.vocab : {};
  const found: Record<string, number> = {};
  for (const kind of ['bos', 'eos', 'pad']) {
    const value = config[`${kind}_token`];
    const name = isObject(value) ? value.content : value;
    if (typeof name !== 'string') continue;
    const id = added.find((token) => token.content === name)?.id ?? vocab[name];
    if (typeof id === 'number') found[kind] = id;
  }
  return found;
}

async function readObject(path: string): Promise<JsonObject | undefined> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw problem('MODEL_FILE', { where: path, expected: 'JSON', got: (error as Error).message });
  }
  if (!isObject(value)) throw problem('MODEL_FILE', { where: path, expected: 'a JSON object', got: typeof value });
  return value;
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw problem('MODEL_FILE', { where: path, expected: 'a readable file', got: (error as Error).message });
  }
}
