import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { tokensCommand } from '../../core/cli/tokens.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tokens-'));
  const letters = Object.fromEntries(Array.from('abcdef:', (letter, id) => [letter, id]));
  write('tokenizer.json', {
    model: { type: 'BPE', vocab: letters, merges: [] },
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
    decoder: { type: 'ByteLevel' },
    added_tokens: [{ id: 7, content: '</s>', special: true }],
  });
  write('config.json', { model_type: 'llama', architectures: ['LlamaForCausalLM'], eos_token_id: 7 });
  write('chat_template.jinja', '{{ messages[0].content }}{% if add_generation_prompt %}:{% endif %}');
});
afterEach(() => rmSync(folder, { recursive: true }));

const path = (name: string) => join(folder, name);
const write = (name: string, value: unknown) =>
  writeFileSync(path(name), typeof value === 'string' ? value : JSON.stringify(value));
const run = async (input: string, ...more: string[]) => {
  write('in.jsonl', input);
  const args = ['--model', folder, '--input', path('in.jsonl'), '--output', path('out.jsonl'), ...more];
  await tokensCommand().exitOverride().parseAsync(args, { from: 'user' });
  return readFileSync(path('out.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
};

it('writes ids in the order of the lines, and gives every id back as it came', async () => {
  const rows = await run(
    '{"id": 7, "text": "ab</s>"}\n\n{"id": "x", "messages": [{"role": "user", "content": "c</s>"}]}\n',
  );
  expect(rows).toEqual([
    { id: 7, tokens: [0, 1, 7], text: 'ab</s>' },
    { id: 'x', tokens: [2, 7], text: 'c</s>' },
  ]);
});

it("adds the head of the assistant's turn where asked", async () => {
  const rows = await run('{"id": 1, "messages": [{"role": "user", "content": "c"}]}', '--generation-prompt');
  expect(rows).toEqual([{ id: 1, tokens: [2, 6], text: 'c:' }]);
});

it.each([
  ['{"id": 1, "text": "a"}\n{"id": 2', /INPUT_LINE.*in\.jsonl:2/],
  ['{"id": 1, "text": 5}', /INPUT_LINE.*in\.jsonl:1.*text/],
  ['{"id": 1}', /INPUT_LINE.*in\.jsonl:1.*exactly one of text, messages/],
  ['{"id": 1, "text": "a", "messages": [{"role": "user", "content": "c"}]}', /INPUT_LINE.*in\.jsonl:1/],
  ['{"id": 1, "messages": [{"role": "user"}]}', /INPUT_LINE.*in\.jsonl:1.*content/],
])('refuses %j by its line and writes nothing', async (input, message) => {
  await expect(run(input)).rejects.toThrow(message);
  expect(readdirSync(folder).filter((name) => name.startsWith('out'))).toEqual([]);
});

it('names the line whose conversation the template does not take', async () => {
  write('chat_template.jinja', "{{ raise_exception('no users') }}");
  const chat = '{"id": 1, "messages": [{"role": "user", "content": "c"}]}';
  await expect(run(`{"id": 0, "text": "a"}\n${chat}`)).rejects.toThrow(/CHAT_TEMPLATE_FAILED.*in\.jsonl:2.*no users/);
  expect(existsSync(path('out.jsonl'))).toBe(false);
});
