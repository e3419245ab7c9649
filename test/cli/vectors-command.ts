import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, vi } from 'vitest';
import { vectorsCommand } from '../../core/cli/vectors/command.js';
import { useEngine } from '../../core/engine/engine.js';
import { writeToyModel } from './toy-model.js';

export const folder = mkdtempSync(path.join(tmpdir(), 'vectors-'));
export const file = (name: string) => path.join(folder, name);
export const model = file('toy');
export const SIZES = { layers: 2, heads: 4, headWidth: 4 };

beforeAll(async () => {
  await useEngine((process.env.PALIMPSEST_ENGINE as 'native' | undefined) ?? 'auto');
  await writeToyModel(model);
  const items = (answer: (letter: string) => string) =>
    [...'bcdefghijklm'].map((letter) => JSON.stringify({ prompt: `${letter}${letter}:`, answer: answer(letter) }));
  writeFileSync(file('same.jsonl'), items((letter) => letter).join('\n'));
  writeFileSync(file('always-a.jsonl'), items(() => ' a').join('\n'));
});
beforeEach(() => {
  for (const name of ['out.json', 'out.safetensors', 'picture.svg']) rmSync(file(name), { force: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Standard error of the last command. */
const said: string[] = [];

/** Runs `palimpsest vectors ...`; returns what went to standard output. */
export async function vectors(name: string, ...more: string[]): Promise<string> {
  const written: string[] = [];
  const silent = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said.push(String(text));
    return true;
  });
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((...given: unknown[]) => {
    written.push(String(given[0]));
    for (const done of given) if (typeof done === 'function') done();
    return true;
  });
  const command = vectorsCommand().exitOverride();
  for (const one of command.commands) one.exitOverride().configureOutput({ writeErr: () => {} });
  try {
    await command.parseAsync([name, '--model', model, ...more], { from: 'user' });
  } finally {
    write.mockRestore();
    silent.mockRestore();
  }
  return written.join('');
}

export const json = (name = 'out.json') => JSON.parse(readFileSync(file(name), 'utf8'));
export const tasks = ['--data', file('same.jsonl'), file('always-a.jsonl'), '--shots', '2', '--clean', '4'];
export const heads = ['--heads', file('heads.json')];
writeFileSync(file('heads.json'), '[[0, 1], [1, 2]]');

/** What the command says on standard error. */
export async function warnings(name: string, ...more: string[]): Promise<string> {
  said.length = 0;
  await vectors(name, ...more);
  return said.join('');
}
