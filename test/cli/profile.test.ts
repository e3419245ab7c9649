import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { palimpsest } from './bin.js';
import { writeToyModel } from './toy-model.js';

const folder = mkdtempSync(join(tmpdir(), 'profile-'));
const config = `
engine: cpu
backbone: { use: llama, model: ./toy }
adapter: { use: inc-lora, rank: 2, alpha: 4 }
benchmark: { use: jsonl, tasks: [{ name: a, train: a.jsonl, epochs: 4 }] }
evaluation: { after: never }
`;

beforeAll(async () => {
  await writeToyModel(join(folder, 'toy'));
  writeFileSync(join(folder, 'run.yaml'), config);
  writeFileSync(join(folder, 'a.jsonl'), '{"prompt": "b:", "answer": " a"}\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('palimpsest run --profile', () => {
  it('writes a profile of as many steps as it is asked for, and ends with tables', async () => {
    const finished = await palimpsest(['run', 'run.yaml', '--out', 'out', '--profile', '--profile-steps', '3'], folder);
    expect(finished.status).toBe(0);
    expect(finished.stderr).toMatch(/│ step +│ 3 /);
    expect(finished.stderr).toMatch(/a typical step \(\d, task a\): /);
    expect(readdirSync(join(folder, 'out'))).toEqual(expect.arrayContaining(['profile.json', 'profile-summary.json']));
  });

  it.each([
    ['a number that is none', ['--profile', '--profile-steps', '0'], /--profile-steps.*whole number from 1 on/],
    ['a number without --profile', ['--profile-steps', '3'], /\[USAGE\].*--profile-steps with --profile/],
  ])('refuses %s', async (_, options, message) => {
    const { status, stderr } = await palimpsest(['run', 'run.yaml', '--out', 'refused', ...options], folder);
    expect([status, readdirSync(folder).includes('refused')]).toEqual([2, false]);
    expect(stderr).toMatch(message);
  });
});
