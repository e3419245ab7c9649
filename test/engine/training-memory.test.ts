import { describe, expect, it } from 'vitest';
import { assertTrains, type TrainingSizes, trainingMemory } from '../../core/engine/training-memory.js';

const GB = 1e9;
const backbone = { weights: GB, kept: 2 * GB, peak: 4 * GB, remedy: 'Set less.' };
const native: TrainingSizes = { engine: { name: 'native' }, backbone, vocabulary: 1000, logits: 10, trained: 1000 };
const machine = (gigabytes: number) => ({ total: 100 * GB, free: gigabytes * GB });

describe('the memory that training is expected to need', () => {
  it('is more than weights and activations at their peak together', () => {
    expect(trainingMemory(native)).toBeGreaterThan(5 * GB);
  });

  it.each<[string, Partial<TrainingSizes>]>([
    ['weights', { backbone: { ...backbone, weights: 2 * GB } }],
    ['activations', { backbone: { ...backbone, peak: 5 * GB } }],
    ['logits', { logits: 100_000 }],
    ['values that train', { trained: 1e8 }],
  ])('grows with the %s', (_, more) => {
    expect(trainingMemory({ ...native, ...more })).toBeGreaterThan(trainingMemory(native));
  });

  it('is the higher of two peaks: many logits while activations are kept, or the gradients of all activations', () => {
    const many = { ...native, logits: 1e6 };
    const growth = (backbone: TrainingSizes['backbone']) =>
      trainingMemory({ ...many, backbone }) - trainingMemory(many);
    expect(growth({ ...backbone, peak: 4.5 * GB })).toBe(0);
    expect(growth({ ...backbone, kept: 2.5 * GB })).toBeGreaterThan(0);
  });
});

describe('a run that cannot fit', () => {
  const attempt = (sizes: TrainingSizes, free: number, resident = 0) =>
    assertTrains(sizes, 'training', machine(free), resident);

  it('is refused with what it needs, what there is, and what to set', () => {
    expect(() => attempt(native, 3)).toThrow(
      /\[MEMORY_TOO_SMALL\] training: .*at most 3\.0 GB on the native engine, got about \d\.\d GB.*Set less\. Set a smaller `training\.batchSize`/,
    );
    expect(() => attempt(native, 3)).not.toThrow(/engine install/);
    expect(() => attempt(native, 20)).not.toThrow();
  });

  it('may use what the process holds already', () => {
    expect(() => attempt(native, 3, 10 * GB)).not.toThrow();
  });

  it('is refused on wasm where it exceeds the heap, however much is free, and sent to the native engine', () => {
    const wasm = { ...native, engine: { name: 'wasm' as const } };
    expect(() => attempt(wasm, 90)).toThrow(/at most 4\.3 GB on the wasm engine.*palimpsest engine install/);
  });

  it('is not refused on a GPU, whose memory is another', () => {
    expect(() => attempt({ ...native, engine: { name: 'native', gpu: 'H100' } }, 1)).not.toThrow();
  });
});
