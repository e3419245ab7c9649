import { describe, expect, it } from 'vitest';
import type { TokenExample } from '../../core/index.js';
import { type RandomStream, seededRandom } from '../../core/training/random.js';
import { addToReservoir, addToShares, type BufferState, emptyBuffer } from '../../plugins/replay/buffer.js';

/** Examples whose first tokens are given, of one answer token each. */
const examples = (...firsts: number[]): TokenExample[] =>
  firsts.map((first) => ({ tokens: [first, 1], labels: [-100, 1] }));
const firstsOf = ({ examples }: BufferState) => examples.map(({ tokens }) => tokens[0]);
const countsOf = ({ examples }: BufferState, tasks: number) =>
  Array.from({ length: tasks }, (_, t) => examples.filter(({ task }) => task === t).length);
const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

describe("replay's reservoir", () => {
  it('puts the n-th example where below(n) says, if that is a place: 7 over the second one, 8 nowhere', () => {
    const bounds: number[] = [];
    const places = [1, 3];
    const stream = { below: (bound: number) => [bounds.push(bound), places.shift()][1] } as unknown as RandomStream;
    const buffer = addToReservoir(emptyBuffer, examples(5, 6, 7, 8), 2, stream);
    expect(firstsOf(buffer)).toEqual([5, 7]);
    expect(bounds).toEqual([3, 4]);
    expect(buffer.seen).toBe(4);
  });

  it('holds every example of every task with the same probability, capacity / seen = 1/3', () => {
    const counts = new Array<number>(12).fill(0);
    for (let seed = 0; seed < 3000; seed++) {
      const stream = (task: number) => seededRandom(seed).stream(`task-${task}`);
      const first = addToReservoir(emptyBuffer, examples(...range(0, 8)), 4, stream(1));
      for (const one of firstsOf(addToReservoir(first, examples(...range(8, 4)), 4, stream(2)))) counts[one]++;
    }
    for (const count of counts) expect(Math.abs(count / 3000 - 1 / 3)).toBeLessThan(0.04);
  });
});

describe("replay's shares", () => {
  const grown = (tasks: number, capacity: number) => {
    let buffer = emptyBuffer;
    return range(0, tasks).map((t) => {
      const stream = seededRandom(1).stream(`task-${t}`);
      buffer = addToShares(buffer, examples(...range(100 * t, 20)), capacity, stream);
      return buffer;
    });
  };

  it('deal the capacity out to the tasks: 5, then 3 and 2, then 2, 2 and 1', () => {
    expect(grown(3, 5).map((buffer, t) => countsOf(buffer, t + 1))).toEqual([[5], [3, 2], [2, 2, 1]]);
  });

  it('keep a subset of what was there, drawn at random', () => {
    const [first, second, third] = grown(3, 5).map(firstsOf);
    expect(first).not.toEqual([0, 1, 2, 3, 4]);
    expect(second.slice(0, 3)).toEqual(first.slice(0, 3));
    expect(third.slice(0, 4)).toEqual([...first.slice(0, 2), ...second.slice(3)]);
  });

  it('leave the share of a task with few examples unused', () => {
    const buffer = addToShares(emptyBuffer, examples(1, 2), 5, seededRandom(1).stream('task'));
    expect(firstsOf(buffer).sort()).toEqual([1, 2]);
  });
});
