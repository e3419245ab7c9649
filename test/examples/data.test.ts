import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));
const data = join(examples, 'data');
const lines = (file: string): { prompt: string; answer: string }[] =>
  readFileSync(join(data, file), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

it('is what its script makes, byte for byte', () => {
  const folder = mkdtempSync(join(tmpdir(), 'data-'));
  execFileSync(process.execPath, [join(examples, 'make-data.js'), folder]);
  const made = readdirSync(folder);
  expect(readdirSync(data).filter((name) => name.endsWith('.jsonl'))).toEqual(made);
  for (const name of made)
    expect(readFileSync(join(folder, name)).equals(readFileSync(join(data, name))), name).toBe(true);
  rmSync(folder, { recursive: true });
});

it.each(['last-capital', 'first-plural', 'last-past', 'plural-upper', 'first-upper'])(
  'trains %s on other items than it scores',
  (name) => {
    const prompts = [...lines(`${name}.train.jsonl`), ...lines(`${name}.test.jsonl`)].map(({ prompt }) => prompt);
    expect(new Set(prompts).size).toBe(240 + 48);
  },
);

it.each(['choose_first_of_3', 'choose_last_of_3', 'capitalize', 'plural', 'past'])(
  'scores %s on other items than it demonstrates',
  (name) => {
    const prompts = [...lines(`${name}.jsonl`), ...lines(`${name}.shots.jsonl`)].map(({ prompt }) => prompt);
    expect(new Set(prompts).size).toBe(48 + 10);
  },
);

it('knows irregular English', () => {
  const plurals = lines('first-plural.train.jsonl').map(({ prompt, answer }) => [
    /Q: (\w+),/.exec(prompt)?.[1],
    answer.trim(),
  ]);
  const pasts = lines('last-past.train.jsonl').map(({ prompt, answer }) => [
    /(\w+)\nA:/.exec(prompt)?.[1],
    answer.trim(),
  ]);
  const forms = Object.fromEntries([...plurals, ...pasts]);
  expect(forms).toMatchObject({
    child: 'children',
    man: 'men',
    tooth: 'teeth',
    knife: 'knives',
    story: 'stories',
    roof: 'roofs',
  });
  expect(forms).toMatchObject({
    teach: 'taught',
    fly: 'flew',
    drop: 'dropped',
    worry: 'worried',
    give: 'gave',
    agree: 'agreed',
  });
});
