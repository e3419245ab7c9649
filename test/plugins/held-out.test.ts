import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { seededRandom } from '../../core/index.js';
import { HeldOutBenchmark } from '../../plugins/held-out/benchmark.js';
import { options } from '../../plugins/held-out/plugin.js';
import { noData, realData, titled } from '../real-data.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'held-out-plugin-'));
  write('hellaswag.jsonl', `${question('1')}\n${question('2')}`);
  write('hellaswag.fewshot.jsonl', question('3'));
  write('double.json', JSON.stringify([...'abcdef'].map((input) => ({ input, output: input.repeat(2) }))));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (file: string, text: string) => writeFileSync(join(folder, file), text);
const question = (id: string) => JSON.stringify({ id, question: `Is ${id} odd?`, choices: ['no', 'yes'], answer: 1 });
const load = (given: object, seed = 1) => new HeldOutBenchmark(options.parse(given), folder, seededRandom(seed)).load();
const double = { name: 'double', file: 'double.json', shots: 2 };

describe('the held-out benchmark', () => {
  it('has sets to score and no tasks', async () => {
    const { tasks, heldOut, files, answerEnd, notices } = await load({ root: '.', sets: ['hellaswag'] });
    expect(tasks).toEqual([]);
    expect(heldOut).toMatchObject([
      { name: 'hellaswag', items: [{ answer: ' yes' }, { answer: ' yes' }], demonstrations: [{ prompt: 'Is 3 odd?' }] },
    ]);
    expect(files.map(({ items }) => items)).toEqual([2, 1]);
    expect([answerEnd, notices]).toEqual(['eos', []]);
  });

  it('has files of pairs, shuffled by the seed and the name of the set', async () => {
    const order = async (name: string, seed?: number) => {
      const [{ demonstrations, items }] = (await load({ pairs: [{ ...double, name }] }, seed)).heldOut;
      expect([demonstrations.length, items.length]).toEqual([2, 4]);
      return [...demonstrations, ...items].map(({ prompt }) => prompt);
    };
    expect(await order('double')).toEqual(await order('double'));
    expect(await order('double', 2)).not.toEqual(await order('double'));
    expect(await order('other')).not.toEqual(await order('double'));
    expect((await order('double')).sort()).toEqual([...'abcdef'].map((letter) => `Q: ${letter}\nA:`));
  });

  it('has both, the first questions where a maximum is set, and says where there are fewer', async () => {
    const both = { root: '.', sets: ['hellaswag'], pairs: [double] };
    const { heldOut, notices } = await load({ ...both, maxTest: 1 });
    expect(heldOut.map(({ name, items }) => [name, items.length])).toEqual([
      ['hellaswag', 1],
      ['double', 4],
    ]);
    expect(notices).toEqual([]);
    expect((await load({ ...both, maxTest: 3 })).notices).toEqual(['maxTest asks for 3: hellaswag has 2']);
  });
});

describe('what the held-out benchmark refuses', () => {
  it('neither a folder nor pairs', () => {
    expect(options.safeParse({}).error?.issues[0]).toMatchObject({
      path: ['root'],
      message: /`root`, `pairs` or both/,
    });
  });

  it('files that are not there, all in one line', async () => {
    const given = { root: '.', sets: ['arc_challenge', 'hellaswag'], pairs: [{ ...double, file: 'none.json' }] };
    await expect(load(given)).rejects.toThrow(
      /^\[DATA_FILE\] .*expected 3 files, got none of {arc_challenge,arc_challenge\.fewshot}\.jsonl, none\.json\. They come from the repositories of the held-out sets; docs\/data\.md/,
    );
  });

  it('more demonstrations than a file of pairs has items', async () => {
    await expect(load({ pairs: [{ ...double, shots: 6 }] })).rejects.toThrow(
      /DATA_EMPTY.*double\.json.*at least 7 items/,
    );
  });
});

describe.skipIf(noData)(titled("the held-out sets' own files"), () => {
  it('are read whole', async () => {
    const { heldOut, notices } = await load({ root: realData('held-out') });
    expect(heldOut.map(({ items }) => items.length)).toEqual([500, 500, 500, 480]);
    expect(notices).toEqual([]);
  });
});
