import { exec } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeToyModel } from '../cli/toy-model.js';
import { fencedBlocks } from './fenced-blocks.js';
import { installInto } from './installed-folder.js';

const page = readFileSync(new URL('../../docs/write-a-plugin.md', import.meta.url), 'utf8');
const INSTALL = 'npm install ../palimpsest/palimpsest-0.1.0.tgz vitest';

const folder = mkdtempSync(join(realpathSync(tmpdir()), 'write-a-plugin-'));
/** A name that means one model only, which a test does not fetch: the toy model stands in for it. */
const MODEL = 'model: smollm2-135m-instruct';

beforeAll(() => writeToyModel(join(folder, 'toy')));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a line of a `sh` block. */
function shell(line: string): Promise<{ status: number; output: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, VITEST: undefined, NODE_ENV: undefined };
    exec(line, { cwd: folder, env }, (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code ?? 1) : 0, output: stdout + stderr });
    });
  });
}

describe('docs/write-a-plugin.md, followed word for word but for the model', () => {
  for (const { language, name, text } of fencedBlocks(page)) {
    if (name) {
      it(`writes ${name}`, () => writeFileSync(join(folder, name), text.replace(MODEL, 'model: ./toy')));
      continue;
    }
    expect(language).toBe('sh');
    for (const line of text.trim().split('\n')) {
      it(`runs ${line}`, async () => {
        if (line === INSTALL) return installInto(folder);
        expect(await shell(line)).toEqual({ status: 0, output: expect.any(String) });
      });
    }
  }

  it('leaves files whose types fit', async () => {
    expect(await shell('node node_modules/typescript/bin/tsc -p .')).toEqual({ status: 0, output: '' });
  });

  it('charges from the second step of the second task on', () => {
    const terms = readFileSync(join(folder, 'runs/pulled/metrics.jsonl'), 'utf8').trim().split('\n');
    const pulls = terms.map((line) => JSON.parse(line).loss['weight-pull'] as number);
    expect(pulls.slice(0, 25)).toEqual(Array(25).fill(0));
    expect(pulls.slice(25).every((pull) => pull > 0)).toBe(true);
  });
});
