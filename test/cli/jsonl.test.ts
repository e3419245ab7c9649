import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { readLines, writeLines } from '../../core/cli/jsonl.js';

let folder: string;
const path = (name: string) => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jsonl-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

it('numbers lines as an editor does, blank ones counted and passed over', async () => {
  writeFileSync(path('in.jsonl'), '{"a": 1}\r\n\n  \n[2]\n');
  const lines = await readLines(path('in.jsonl'));
  expect(lines).toEqual([
    { line: 1, where: `${path('in.jsonl')}:1`, value: { a: 1 } },
    { line: 4, where: `${path('in.jsonl')}:4`, value: [2] },
  ]);
});

it.each([
  ['{"a": 1}\n{"a"', /INPUT_LINE.*in\.jsonl:2/],
  [Uint8Array.of(0x22, 0xff, 0x22), /INPUT_LINE.*in\.jsonl.*UTF-8/],
])('refuses what is not JSON in UTF-8', async (content, message) => {
  writeFileSync(path('in.jsonl'), content);
  await expect(readLines(path('in.jsonl'))).rejects.toThrow(message);
});

it('writes a file whole or not at all', async () => {
  await writeLines(path('out.jsonl'), [{ a: 1 }, { b: 'ü\n' }]);
  expect(readFileSync(path('out.jsonl'), 'utf8')).toBe('{"a":1}\n{"b":"ü\\n"}\n');
  await expect(writeLines(path('no/out.jsonl'), [{ a: 1 }])).rejects.toThrow(/OUTPUT_WRITE/);
  expect(readdirSync(folder)).toEqual(['out.jsonl']);
});

it('writes into a pipe or device and leaves it in place', async () => {
  execFileSync('mkfifo', [path('pipe')]);
  const reading = readFile(path('pipe'), 'utf8');
  await writeLines(path('pipe'), [{ a: 1 }]);
  expect(await reading).toBe('{"a":1}\n');
  expect(statSync(path('pipe')).isFIFO()).toBe(true);
});

it('writes to standard output where no file is named, and nothing but the rows', async () => {
  const written: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((...given: unknown[]) => {
    const [text, done] = given;
    written.push(String(text));
    if (typeof done === 'function') done();
    return true;
  });
  await writeLines(undefined, [{ a: 1 }, { a: 2 }]);
  expect(written.join('')).toBe('{"a":1}\n{"a":2}\n');
});
