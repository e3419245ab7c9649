import { expect, test } from 'vitest';
import { assertFits, machineMemory } from '../../core/engine/memory.js';

const GIB = 2 ** 30;
const machine = { total: 64 * GIB, free: 32 * GIB };

test('wasm keeps each weight twice in 3.5 of its 4 GiB: 448 Mi weights fit, one more does not', () => {
  const parameters = 448 * 2 ** 20;
  expect(() => assertFits({ parameters, engine: 'wasm', what: 'm' }, machine)).not.toThrow();
  expect(() => assertFits({ parameters: parameters + 1, engine: 'wasm', what: 'm' }, machine)).toThrow(
    /\[MEMORY_TOO_SMALL\] m: .*at most 3.5 GiB of weights on the wasm engine, got 3.5 GiB/,
  );
});

test('native and cpu are held to the free memory, four bytes a weight', () => {
  const little = { total: 4 * GIB, free: 2 * GIB };
  const parameters = GIB / 2;
  for (const engine of ['native', 'cpu'] as const) {
    expect(() => assertFits({ parameters, engine, what: 'm' }, little)).not.toThrow();
    expect(() => assertFits({ parameters: 2 * parameters, engine, what: 'm' }, little)).toThrow(/got 4.0 GiB/);
  }
});

test('wasm is held to the free memory too', () => {
  const little = { total: 4 * GIB, free: GIB };
  expect(() => assertFits({ parameters: GIB / 4, engine: 'wasm', what: 'm' }, little)).toThrow(/at most 1.0 GiB/);
});

test('the memory of this machine is positive and not all of it more than free', () => {
  const { total, free } = machineMemory();
  expect(free).toBeGreaterThan(0);
  expect(free).toBeLessThanOrEqual(total);
});
