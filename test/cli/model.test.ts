import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { downloadProgress } from '../../core/cli/download-progress.js';
import { modelCommand } from '../../core/cli/model.js';

let folder = '';
let printed = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'palimpsest-model-'));
  vi.stubEnv('PALIMPSEST_CACHE', folder);
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += text;
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const run = (...args: string[]) => modelCommand().parseAsync(args, { from: 'user' });

describe('palimpsest model', () => {
  it('lists known names, those not fetched too, and the cache folder', async () => {
    await run('list');
    expect(printed).toMatch(/^smollm2-135m-instruct {2}not fetched yet {2}SmolLM2/);
    expect(printed).toContain(`cache: ${join(folder, 'models')}`);
  });

  it('prints the path of what it pulled, and of what was there already', async () => {
    const path = join(folder, 'a.gguf');
    writeFileSync(path, '');
    await run('pull', path);
    expect(printed).toBe(`${path}\n`);
  });
});

describe('progress', () => {
  const show = (isTTY: boolean) => {
    let text = '';
    const progress = downloadProgress({ isTTY, write: (part) => (text += part) });
    for (let done = 0; done <= 2_000_000; done += 50_000) progress('a.gguf', done, 2_000_000);
    return text;
  };

  it('is a line every ten per cent where there is no terminal', () => {
    const lines = show(false).trim().split('\n');
    expect(lines).toHaveLength(11);
    expect(lines[1]).toBe('a.gguf 10 % of 2.0 MB');
  });

  it('is one line that changes on a terminal', () => {
    expect(show(true)).toMatch(/^\ra\.gguf 0 % of 2\.0 MB\r[^\n]*\ra\.gguf 100 % of 2\.0 MB\n$/);
  });
});
