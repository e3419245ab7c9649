import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openTokenizer } from '../../core/text/tokenizer.js';
import { realModel } from '../real-model.js';

interface Case {
  readonly text: string;
  readonly ids: number[];
  readonly decoded: string;
  readonly decoded_skip_special: string;
}
interface Rendered {
  readonly text: string;
  readonly ids: number[];
}
interface Conversation {
  readonly messages: { role: string; content: string }[];
  readonly plain: Rendered;
  readonly with_generation_prompt: Rendered;
}

const reference = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../reference/${name}.json`, import.meta.url), 'utf8'));
const model = realModel();
const why = model ? '' : ' (skipped: run `palimpsest model pull smollm2-135m-instruct`)';

describe.skipIf(!model)(`the tokenizer inside SmolLM2's GGUF${why}`, async () => {
  const tokenizer = model && (await openTokenizer(model));
  const { cases } = reference<{ cases: Case[] }>('tokenizer_cases');
  const { conversations } = reference<{ conversations: Conversation[] }>('chat_templates');

  it.each(cases.map((entry) => [entry.text, entry] as const))(
    'encodes and decodes %j as the reference does',
    (_, entry) => {
      expect(tokenizer?.encode(entry.text)).toEqual(entry.ids);
      expect(tokenizer?.decode(entry.ids)).toBe(entry.decoded);
      expect(tokenizer?.decode(entry.ids, { skipSpecial: true })).toBe(entry.decoded_skip_special);
    },
  );

  it('knows its special tokens and puts no begin-of-sequence first', () => {
    expect(tokenizer).toMatchObject({
      vocabularySize: 49152,
      endOfSequence: 2,
      padding: 2,
      beginOfSequence: undefined,
    });
  });

  it.each(conversations)('renders conversation %# with and without the generation prompt', (conversation) => {
    for (const [generationPrompt, want] of [
      [false, conversation.plain],
      [true, conversation.with_generation_prompt],
    ] as const) {
      const text = tokenizer?.renderChat(conversation.messages, { generationPrompt }) ?? '';
      expect(text).toBe(want.text);
      expect(tokenizer?.encode(text, { bos: false })).toEqual(want.ids);
    }
  });
});
