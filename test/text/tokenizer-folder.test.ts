import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTokenizer } from '../../core/text/tokenizer.js';
import { realModel } from '../real-model.js';

const vocab = { a: 0, b: 1, '1': 2, 'Â½': 3, Ġ: 4, '<s>': 5, '</s>': 6 };
const byteLevel = { type: 'ByteLevel', add_prefix_space: false, use_regex: true };
const tokenizerJson = {
  model: { type: 'BPE', vocab: { ...vocab, Â: 7, '½': 8, '11': 9 }, merges: ['Â ½', '1 1'] },
  pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, byteLevel] },
  decoder: { type: 'ByteLevel' },
  added_tokens: [
    { id: 5, content: '<s>', special: true },
    { id: 6, content: '</s>', special: true },
  ],
};
const putsBosFirst = {
  type: 'TemplateProcessing',
  single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
  pair: [],
  special_tokens: { '<s>': { id: '<s>', ids: [5], tokens: ['<s>'] } },
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tokenizer-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, value: unknown) =>
  writeFileSync(join(folder, name), typeof value === 'string' ? value : JSON.stringify(value));
const open = () => openTokenizer({ kind: 'huggingface', path: folder, reference: folder });

describe('a Hugging Face directory', () => {
  it('gives its tokenizer, with special tokens by name', async () => {
    write('tokenizer.json', tokenizerJson);
    write('tokenizer_config.json', { eos_token: { content: '</s>' }, bos_token: '<s>', pad_token: 'b' });
    const tokenizer = await open();
    expect(tokenizer).toMatchObject({ vocabularySize: 10, endOfSequence: 6, padding: 1, beginOfSequence: undefined });
    expect(tokenizer.encode('a 11½</s>')).toEqual([0, 4, 2, 2, 3, 6]);
    expect(tokenizer.decode([0, 4, 2, 3, 6], { skipSpecial: true })).toBe('a 1½');
  });

  it('puts BOS first as its post-processor does, unless the caller or add_bos_token says otherwise', async () => {
    write('tokenizer.json', { ...tokenizerJson, post_processor: putsBosFirst });
    write('tokenizer_config.json', { eos_token: '</s>', bos_token: '<s>' });
    const tokenizer = await open();
    expect(tokenizer.encode('a')).toEqual([5, 0]);
    expect(tokenizer.encode('a', { bos: false })).toEqual([0]);
    write('tokenizer_config.json', { eos_token: '</s>', bos_token: '<s>', add_bos_token: false });
    expect((await open()).encode('a')).toEqual([0]);
  });

  it('takes ids from generation_config.json and config.json where no name is given', async () => {
    write('tokenizer.json', tokenizerJson);
    write('generation_config.json', { eos_token_id: [6, 0] });
    write('config.json', { eos_token_id: 0, pad_token_id: 1 });
    expect(await open()).toMatchObject({ endOfSequence: 6, otherEnds: [0], padding: 1 });
  });

  it('renders conversations by chat_template.jinja, else by tokenizer_config.json', async () => {
    const messages = [{ role: 'user', content: 'a</s>' }];
    write('tokenizer.json', tokenizerJson);
    write('tokenizer_config.json', {
      eos_token: '</s>',
      bos_token: '<s>',
      chat_template: [
        {
          name: 'default',
          template: '{{ bos_token }}{{ messages[0].content }}{% if add_generation_prompt %}:{% endif %}',
        },
      ],
    });
    expect((await open()).renderChat(messages)).toBe('<s>a</s>');
    expect((await open()).renderChat(messages, { generationPrompt: true })).toBe('<s>a</s>:');
    write('chat_template.jinja', "{{ raise_exception('no users here') }}");
    const tokenizer = await open();
    expect(() => tokenizer.renderChat(messages)).toThrow(/CHAT_TEMPLATE_FAILED.*no users here/);
  });

  it('says what is missing or damaged', async () => {
    await expect(open()).rejects.toThrow(/TOKENIZER_UNSUPPORTED.*expected tokenizer\.json/);
    write('tokenizer.json', '{"model": ');
    await expect(open()).rejects.toThrow(/MODEL_FILE.*tokenizer\.json.*JSON/);
    write('tokenizer.json', { ...tokenizerJson, model: { type: 'Rare' } });
    await expect(open()).rejects.toThrow(/TOKENIZER_UNSUPPORTED.*Rare/);
    write('tokenizer.json', tokenizerJson);
    await expect(open()).rejects.toThrow(/TOKENIZER_UNSUPPORTED.*end-of-sequence/);
    write('config.json', { eos_token_id: 6 });
    const tokenizer = await open();
    expect(() => tokenizer.renderChat([])).toThrow(/CHAT_TEMPLATE_MISSING/);
  });
});

const model = realModel();
describe.skipIf(!model)(
  `a tokenizer.json beside a GGUF${model ? '' : ' (skipped: the model is not in the cache)'}`,
  () => {
    it("wins over the GGUF's own, which still names special tokens and the chat template", async () => {
      symlinkSync(model?.path ?? '', join(folder, 'model.gguf'));
      write('tokenizer.json', tokenizerJson);
      const tokenizer = await openTokenizer({ kind: 'gguf', path: join(folder, 'model.gguf'), reference: 'x' });
      expect(tokenizer).toMatchObject({ vocabularySize: 10, endOfSequence: 2 });
      expect(tokenizer.renderChat([{ role: 'user', content: 'Hi' }])).toContain('<|im_start|>user\nHi<|im_end|>');
    });
  },
);
