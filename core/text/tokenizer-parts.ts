/** Everything that a tokenizer is made of, wherever it came from. */
export interface TokenizerParts {
  /** What errors call it: a path. */
  readonly where: string;
  /** In the form of a Hugging Face tokenizer.json. */
  readonly json: Record<string, unknown>;
  /** In the form of a Hugging Face tokenizer_config.json. */
  readonly config: Record<string, unknown>;
  /** Ids of special tokens, where known. */
  readonly special: SpecialIds;
  /** Whether begin-of-sequence is put first; undefined: as the post-processor does. */
  readonly addBos?: boolean;
  /** Jinja source. */
  readonly chatTemplate?: string;
}

export interface SpecialIds {
  readonly bos?: number;
  readonly eos?: number;
  readonly pad?: number;
  /** Every id that ends a generated text. */
  readonly ends?: readonly number[];
}

/** Each id from the first source that knows it. */
export function firstKnown(first: SpecialIds, second: SpecialIds): SpecialIds {
  return {
    bos: first.bos ?? second.bos,
    eos: first.eos ?? second.eos,
    pad: first.pad ?? second.pad,
    ends: first.ends ?? second.ends,
  };
}

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A chat template field: a string, or a list of named ones of which `default` counts. */
export function templateText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return undefined;
  const named = value.filter(isObject).find((entry) => entry.name === 'default');
  return typeof named?.template === 'string' ? named.template : undefined;
}
