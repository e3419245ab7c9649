import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type {
  Intervention,
  MicroPosition,
  PrepareMoment,
  TokenBatch,
  TokenExample,
  TrainingBatch,
} from '../../core/index.js';
import { describePlugin, toyBatch, toyLosses, toyTokenizer } from '../../core/testing/index.js';
import { seededRandom } from '../../core/training/random.js';
import { trainSequence } from '../../core/training/sequence.js';
import manifest, { replayOptions } from '../../plugins/replay/plugin.js';
import { Replay } from '../../plugins/replay/regularizer.js';
import { endOfTask } from '../training/task-moment.js';
import { numbers, toySequence, toyTask } from '../training/toy-run.js';

const perTask = { buffer: 'per-task', capacity: 5, ratio: 0.5, edits: 'step' };

describePlugin(manifest, { options: perTask });

/** Examples whose first tokens are given, of one answer token each. */
const examples = (...firsts: number[]): TokenExample[] =>
  firsts.map((first) => ({ tokens: [first, 1], labels: [-100, 1] }));
const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

describe('replay', () => {
  const replay = (options: Record<string, unknown> = {}) =>
    new Replay(replayOptions.parse(options), seededRandom(1), toyTokenizer);
  const at = (step: number, micro = 0) => ({ step, micro, taskIndex: 1 }) as MicroPosition;
  const batch = toyBatch();
  const rowsAt = (own: Replay, position: MicroPosition, of = batch) =>
    own.passes(position, of).replayed.rows as TrainingBatch;
  const firstTokens = ({ ids, length, rows }: TrainingBatch) => range(0, rows).map((b) => ids[b * length]);

  it('costs weight x ln 4 nats where four tokens are equally likely, and (ln 4 + ln 2) / 2 for two answers', () => {
    const own = replay({ weight: 3 });
    own.afterTask(endOfTask(examples(9)));
    const cost = (logits: number[][]) =>
      tf.tidy(() => {
        const replayed = { logits: tf.tensor2d(logits), captures: {} };
        return numbers(own.penalty({ step: at(1), batch, passes: { replayed }, share: () => 1 }))[0];
      });
    expect(cost([[7, 7, 7, 7]])).toBeCloseTo(3 * Math.log(4), 5);
    own.afterTask(endOfTask(examples(9)));
    const row = [0, 0, -100, -100];
    expect(cost([[7, 7, 7, 7], row])).toBeCloseTo((3 * (Math.log(4) + Math.log(2))) / 2, 5);
  });

  it("replays earlier tasks' examples: as many rows as the batch has, each at most once", () => {
    const own = replay();
    own.afterTask(endOfTask(examples(...range(3, 20))));
    const drawn = firstTokens(rowsAt(own, at(1)));
    expect(drawn).toHaveLength(batch.rows);
    expect(new Set(drawn).size).toBe(batch.rows);
    expect(drawn.every((token) => token >= 3 && token < 23)).toBe(true);
  });

  it.each([
    [0.5, 4],
    [0.3, 2],
    [0.01, 1],
    [2, 16],
    [4, 20],
  ])('takes a ratio of %d of 8 rows as %i, with 20 in the buffer', (ratio, rows) => {
    const own = replay({ ratio });
    own.afterTask(endOfTask(examples(...range(3, 20))));
    expect(rowsAt(own, at(1)).rows).toBe(rows);
  });

  it('gives one micro-batch the very same rows whenever it asks, and another one others', () => {
    const [own, other] = [replay(), replay()];
    for (const one of [own, other]) one.afterTask(endOfTask(examples(...range(3, 20))));
    const rows = rowsAt(own, at(5, 1));
    expect(rowsAt(own, at(5, 1))).toBe(rows);
    expect(firstTokens(rowsAt(own, at(5, 2)))).not.toEqual(firstTokens(rows));
    expect(firstTokens(rowsAt(own, at(6, 1)))).not.toEqual(firstTokens(rows));
    expect(rowsAt(own, at(5, 1))).toEqual(rows);
    expect(rowsAt(other, at(5, 1))).toEqual(rows);
  });

  it("replays without the step's edits unless asked for them", () => {
    const edits = [replay(), replay({ edits: 'step' })].map((own) => {
      own.afterTask(endOfTask(examples(3)));
      return own.passes(at(1), batch).replayed.edits;
    });
    expect(edits).toEqual([[], 'step']);
  });

  it.each(['reservoir', 'per-task'])('goes on from its saved state and tells what it holds (%s)', (buffer) => {
    const own = replay({ buffer, capacity: 6 });
    own.afterTask(endOfTask(examples(...range(3, 10))));
    const restored = replay({ buffer, capacity: 6 });
    restored.restore({ tensors: {}, json: JSON.parse(JSON.stringify(own.state().json)) });
    for (const one of [own, restored]) one.afterTask(endOfTask(examples(...range(13, 10)), { taskIndex: 1 }));
    expect(restored.state()).toEqual(own.state());
    expect(rowsAt(restored, at(9))).toEqual(rowsAt(own, at(9)));
    const buffered = own.summary().buffered as number[];
    expect(buffered.reduce((sum, count) => sum + count)).toBe(6);
  });

  it('refuses a capacity that has no place for some task, before anything trains', () => {
    const tasks = new Array(4).fill({ name: 'a', train: [], epochs: 1 });
    const prepare = (options: Record<string, unknown>) => replay(options).prepare({ tasks } as PrepareMoment);
    expect(() => prepare({ ...perTask, capacity: 2 })).toThrow(/CONFIG_VALUE.*"replay", capacity.*at least 3.*got 2/);
    expect(() => prepare({ ...perTask, capacity: 3 })).not.toThrow();
    expect(() => prepare({ capacity: 1 })).not.toThrow();
  });

  it.each([{ capacity: 0 }, { ratio: 0 }, { weight: -1 }, { buffer: 'ring' }])('refuses %o', (options) => {
    expect(() => replayOptions.parse(options)).toThrow(Object.keys(options)[0]);
  });
});

it.each([
  ['none', 'bbbb'],
  ['step', 'aabbbb'],
])('replay with edits: %s beside an intervention lets it edit rows of the tasks %s', async (edits, edited) => {
  const seen = new Set<string>();
  const apply = (heads: tf.Tensor, _: unknown, { ids, length }: TokenBatch) => {
    seen.add(toyTokenizer.decode([...ids].filter((_, i) => i % length === 0)));
    return heads;
  };
  const sites = ['model.layers.0.heads'];
  const intervention: Intervention = { startsAt: 1, sites, edits: () => [{ site: sites[0], key: 'seen', apply }] };
  const tasks = ['a', 'b'].map((letter) => toyTask(letter, new Array(8).fill([letter, 'x'])));
  const parts = await toySequence(tasks, { settings: { batchSize: 4, accumulate: 2 } });
  const regularizer = new Replay(replayOptions.parse({ edits, ratio: 0.5 }), parts.random, parts.tokenizer);
  const named = { regularizers: [{ name: 'replay', regularizer }], interventions: [{ name: 'see', intervention }] };
  await trainSequence({ ...parts, ...named });
  parts.adapter.dispose();
  parts.backbone.dispose();
  expect([...seen].sort().join('')).toBe(edited);
  expect(parts.records.at(-1)?.loss.replay).toBeGreaterThan(0);
});

it.each(['reservoir', 'per-task'])(
  'replay (%s) forgets less than plain training on the two toy tasks',
  async (buffer) => {
    const forgotten = async (weight: number) => {
      const losses = await toyLosses(manifest, { options: { buffer, capacity: 8, weight } });
      return losses[2][0] - losses[1][0];
    };
    expect(await forgotten(1)).toBeLessThan(0.5 * (await forgotten(0)));
  },
);
