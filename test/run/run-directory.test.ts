import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { defaultRunFolder, RunDirectory } from '../../core/run/run-directory.js';
import { scratchFolder, writeText } from '../config/write-config.js';

const folder = scratchFolder();

it('is made when it is asked for, with the folders above it, and writes files whole', () => {
  const directory = new RunDirectory(path.join(folder, 'deep', 'run'));
  directory.assertFree();
  expect(readdirSync(folder)).toEqual([]);
  directory.create();
  directory.writeJson('a.json', { n: 1 });
  directory.writeJsonLines('predictions/b.jsonl', [1, { x: 2 }]);
  directory.appendJsonLine('c.jsonl', 1);
  directory.appendJsonLine('c.jsonl', 2);
  const read = (name: string) => readFileSync(directory.path(name), 'utf8');
  expect(JSON.parse(read('a.json'))).toEqual({ n: 1 });
  expect(read('predictions/b.jsonl')).toBe('1\n{"x":2}\n');
  expect(read('c.jsonl')).toBe('1\n2\n');
  expect(readdirSync(directory.folder).sort()).toEqual(['a.json', 'c.jsonl', 'predictions']);
});

it('may be an empty folder, but holds no files of others', () => {
  mkdirSync(path.join(folder, 'empty'));
  new RunDirectory(path.join(folder, 'empty')).assertFree();
  const file = writeText(folder, 'full/file', 'text');
  expect(() => new RunDirectory(path.dirname(file)).assertFree()).toThrow(/OUTPUT_EXISTS.*holds files/);
  expect(() => new RunDirectory(file).assertFree()).toThrow(/OUTPUT_EXISTS.*a file of that name/);
});

it('says in one line where it cannot be written', () => {
  const file = writeText(folder, 'file', 'text');
  expect(() => new RunDirectory(path.join(file, 'run')).create()).toThrow(/\[OUTPUT_WRITE\] .*run/);
});

it('is named after the config and the time by default', () => {
  const now = new Date(Date.UTC(2024, 1, 3, 4, 5, 6));
  expect(defaultRunFolder('/some/where/quick.yaml', now)).toBe(path.resolve('runs/quick-2024-02-03T04-05-06'));
});
