import { copyFileSync, existsSync, mkdirSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { nativeObstacle } from '../../core/engine/engine.js';
import { entryFolder } from '../../core/engine/engine-cache.js';
import { installEngine, removeEngine } from '../../core/engine/install.js';
import { FakeTools, realPython } from './fake-tools.js';

const logger = { info: () => {}, warn: () => {} };

describe.skipIf(!realPython)('installing the native engine (needs python3)', () => {
  let tools: FakeTools;
  const install = async (changes = {}) => installEngine(await tools.release(changes), { logger, place: tools.place });

  beforeEach(() => {
    tools = new FakeTools();
    vi.stubEnv('PATH', tools.bin);
    vi.stubEnv('CXX', '');
    vi.stubEnv('PALIMPSEST_CACHE', tools.cache);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    tools.dispose();
  });

  test('downloads, compiles, tries and links the addon, and keeps only what it needs', async () => {
    const addon = await install();
    const entry = entryFolder('cpu', '1.0');
    expect(readlinkSync(tools.place.addon)).toBe(addon);
    expect(readdirSync(entry).sort()).toEqual(['addon-0.1-napi-v8', 'tensorflow']);
    expect(readdirSync(path.join(entry, 'tensorflow')).sort()).toEqual([
      'dist-info',
      'include',
      'libtensorflow_cc.so.2',
      'libtensorflow_framework.so.2',
    ]);
  });

  test('only links again where the cache holds a finished installation', async () => {
    await install();
    const before = tools.calls('python3').length + tools.calls('g++').length;
    await install();
    expect(tools.calls('python3').length + tools.calls('g++').length).toBe(before);
  });

  test('a fresh npm package is linked to the cache when the engine is asked for', async () => {
    expect(nativeObstacle(tools.place)).toBe('no compiled addon');
    const addon = await install();
    const fresh = { ...tools.place, addon: path.join(tools.root, 'fresh', 'tfjs_binding.node') };
    expect(nativeObstacle(fresh)).toBeUndefined();
    expect(readlinkSync(fresh.addon)).toBe(addon);
  });

  test("compiles this project's own operations beside the addon, again where none fits, without a second download", async () => {
    const folder = path.dirname(await install());
    const kernels = () => readdirSync(folder).filter((name) => /^kernels-\w+\.so$/.test(name));
    expect(kernels()).toHaveLength(1);
    rmSync(path.join(folder, kernels()[0]));
    writeFileSync(path.join(folder, 'kernels-0.so'), 'of other sources');
    const before = tools.calls('g++').length;
    await install();
    expect(kernels()).toHaveLength(2);
    expect(tools.calls('g++').length).toBe(before + 2);
    expect(tools.calls('python3').filter((call) => call.startsWith('-m pip'))).toHaveLength(1);
  });

  test('goes on after a failed compilation without a second download', async () => {
    tools.compiler('echo "fatal error: no space" >&2; exit 1');
    await expect(install()).rejects.toMatchObject({
      code: 'ENGINE_BUILD',
      message: expect.stringContaining('no space'),
    });
    tools.compiler('output=$(destination -o "$@"); echo good > "$output"');
    await install();
    expect(tools.calls('python3').filter((call) => call.startsWith('-m pip'))).toHaveLength(1);
  });

  test('goes on after an interrupted unpacking without a second download', async () => {
    const { wheel } = await tools.release();
    await install();
    const entry = entryFolder('cpu', '1.0');
    await removeEngine(tools.place);
    mkdirSync(path.join(entry, 'wheel'), { recursive: true });
    mkdirSync(path.join(entry, 'unpacked.999999999'));
    copyFileSync(tools.wheel, path.join(entry, 'wheel', wheel));
    await install();
    expect(tools.calls('python3').filter((call) => call.startsWith('-m pip'))).toHaveLength(1);
    expect(readdirSync(entry).sort()).toEqual(['addon-0.1-napi-v8', 'tensorflow']);
  });

  test('takes the NVIDIA libraries that the wheel names, beside the library', async () => {
    tools.python(`case "$*" in
      *install*) /bin/mkdir -p "$(destination --target "$@")/nvidia/blas/lib" ;;
      *) /bin/cp "${tools.wheel}" "$(destination --dest "$@")" ;;
    esac`);
    await install({ flavour: 'cuda' });
    expect(tools.calls('python3').find((call) => call.includes('install'))).toMatch(/nvidia-blas<13$/);
    expect(existsSync(path.join(entryFolder('cuda', '1.0'), 'nvidia', 'blas', 'lib'))).toBe(true);
  });

  test.each([
    ['python3', () => tools.remove('python3'), 'ENGINE_DOWNLOAD', /Install Python 3 with pip/],
    ['pip', () => tools.python('echo "No module named pip" >&2; exit 1'), 'ENGINE_DOWNLOAD', /Install pip/],
    [
      'a network',
      () => tools.python('echo "ERROR: No matching distribution" >&2; exit 1'),
      'ENGINE_DOWNLOAD',
      /resumes/,
    ],
    ['a compiler', () => tools.remove('g++'), 'ENGINE_BUILD', /g\+\+, c\+\+, clang\+\+.*apt-get install g\+\+/],
    ['a working product', () => tools.compiler('echo bad > "$(destination -o "$@")"'), 'ENGINE_BUILD', /differs/],
  ])('without %s it says what is missing and leaves no link', async (_, damage, code, message) => {
    damage();
    await expect(install()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(existsSync(tools.place.addon)).toBe(false);
    expect(nativeObstacle(tools.place)).toBe('no compiled addon');
  });

  test('looks for a compiler before it downloads', async () => {
    tools.remove('g++');
    await expect(install()).rejects.toMatchObject({ code: 'ENGINE_BUILD' });
    expect(tools.calls('python3')).toHaveLength(0);
  });

  test('refuses a wheel with another checksum and deletes it', async () => {
    await expect(install({ sha256: '0'.repeat(64) })).rejects.toMatchObject({
      code: 'ENGINE_DOWNLOAD',
      details: { expected: `sha256 ${'0'.repeat(64)}` },
    });
    expect(readdirSync(path.join(entryFolder('cpu', '1.0'), 'wheel'))).toEqual([]);
  });

  test('refuses a library that is not the one its wheel lists', async () => {
    tools.writeWheel('damaged');
    await expect(install()).rejects.toMatchObject({ code: 'ENGINE_DOWNLOAD' });
    expect(existsSync(path.join(entryFolder('cpu', '1.0'), 'tensorflow'))).toBe(false);
  });

  test('refuses a disk that is too full', async () => {
    await expect(install({ disk: 1e18 })).rejects.toMatchObject({ code: 'ENGINE_DOWNLOAD' });
    expect(tools.calls('python3')).toHaveLength(0);
  });

  test('removing deletes the link and the cache entry, and no other file', async () => {
    await install();
    const other = path.join(tools.cache, 'engines', 'notes.txt');
    writeFileSync(other, '');
    expect(await removeEngine(tools.place)).toEqual([entryFolder('cpu', '1.0')]);
    expect(existsSync(tools.place.addon)).toBe(false);
    expect(existsSync(other)).toBe(true);
    expect(await removeEngine(tools.place)).toEqual([]);
  });
});
