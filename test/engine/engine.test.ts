import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { currentEngine, type EngineName, nativeObstacle, useEngine } from '../../core/engine/engine.js';

const obstacle = nativeObstacle();

beforeEach(() => {
  vi.stubEnv('PALIMPSEST_ENGINE', '');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

/** The product of [[1, 2], [3, 4]] with itself, by hand [[7, 10], [15, 22]], and of two larger matrices. */
async function products(name: EngineName) {
  await useEngine(name);
  return tf.tidy(() => {
    const small = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    const wide = tf.tensor2d(
      Float32Array.from({ length: 96 * 64 }, (_, i) => ((i * 37) % 101) / 50 - 1),
      [96, 64],
    );
    return { small: [...tf.matMul(small, small).dataSync()], wide: tf.matMul(wide, wide, false, true).dataSync() };
  });
}

describe('choosing an engine', () => {
  test('wasm and cpu give the product worked out by hand and agree on larger ones', async () => {
    const [wasm, cpu] = [await products('wasm'), await products('cpu')];
    expect(wasm.small).toEqual([7, 10, 15, 22]);
    expect(cpu.small).toEqual([7, 10, 15, 22]);
    expectClose(wasm.wide, cpu.wide);
  });

  test.skipIf(obstacle)(`native gives the same products as cpu (${obstacle ?? 'installed'})`, async () => {
    const [native, cpu] = [await products('native'), await products('cpu')];
    expect(native.small).toEqual([7, 10, 15, 22]);
    expectClose(native.wide, cpu.wide);
    expect(await useEngine('native')).toMatchObject({ tensorflow: expect.stringMatching(/^2\.\d+/) });
  });

  test('asking twice changes nothing, and the current engine is the last one asked for', async () => {
    const first = await useEngine('wasm');
    expect(await useEngine('wasm')).toBe(first);
    expect(currentEngine()).toBe(first);
    expect(tf.getBackend()).toBe('wasm');
  });

  test('PALIMPSEST_ENGINE stands in for auto, and for nothing else', async () => {
    vi.stubEnv('PALIMPSEST_ENGINE', 'cpu');
    expect((await useEngine('auto')).name).toBe('cpu');
    expect((await useEngine('wasm')).name).toBe('wasm');
  });

  test('an unknown name is refused with where it came from', async () => {
    await expect(useEngine('gpu' as EngineName)).rejects.toMatchObject({
      code: 'ENGINE_UNKNOWN',
      details: { where: '--engine', got: 'gpu' },
    });
    vi.stubEnv('PALIMPSEST_ENGINE', 'webgl');
    await expect(useEngine('auto')).rejects.toMatchObject({
      code: 'ENGINE_UNKNOWN',
      details: { where: 'PALIMPSEST_ENGINE', got: 'webgl' },
    });
  });

  test("starting wasm leaves the process's handlers of uncaught errors as they were", async () => {
    await useEngine('wasm');
    const sources = process.listeners('uncaughtException').map(String);
    expect(sources.filter((source) => source.includes('ExitStatus'))).toEqual([]);
  });
});

describe('without a native engine that works', () => {
  const withPackage = async (changes: object) => {
    vi.resetModules();
    const original = await vi.importActual<object>('../../core/engine/native-package.js');
    vi.doMock('../../core/engine/native-package.js', () => ({ ...original, ...changes }));
    return (await import('../../core/engine/engine.js')).useEngine;
  };
  const absent = { findNativePackage: () => undefined };
  const broken = {
    findNativePackage: () => ({ addon: '/nowhere' }),
    hasAddon: () => true,
    loadNativePackage: () => {
      throw new Error('wrong ELF class');
    },
  };
  afterEach(() => {
    vi.doUnmock('../../core/engine/native-package.js');
    vi.restoreAllMocks();
  });

  test('auto takes wasm where the npm package is absent', async () => {
    expect(await (await withPackage(absent))('auto')).toMatchObject({ name: 'wasm', fallback: true });
  });

  test('native is refused with the package that is missing', async () => {
    const useIt = await withPackage(absent);
    await expect(useIt('native')).rejects.toThrow(/ENGINE_MISSING.*no npm package @tensorflow\/tfjs-node-gpu/);
  });

  test('an addon that does not load is an error for native and a warning for auto', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const useIt = await withPackage(broken);
    await expect(useIt('native')).rejects.toThrow(/ENGINE_MISSING.*wrong ELF class/);
    expect((await useIt('auto')).name).toBe('wasm');
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('Continuing with wasm'));
  });
});

function expectClose(a: ArrayLike<number>, b: ArrayLike<number>): void {
  expect(a.length).toBe(b.length);
  for (let i = 0; i < a.length; i++) expect(Math.abs(a[i] - b[i])).toBeLessThan(1e-4);
}
