import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JsonlBenchmark } from '../../plugins/jsonl/benchmark.js';
import manifest, { options } from '../../plugins/jsonl/plugin.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jsonl-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, ...lines: unknown[]) =>
  writeFileSync(
    join(folder, name),
    lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
  );
const load = (given: unknown) => new JsonlBenchmark(options.parse(given), folder).load();
const cat = { prompt: 'Q: cat\nA:', answer: ' Cat' };
const dog = { prompt: 'Q: dog\nA:', answer: ' Dog', choices: [' Dog', ' Cat'] };

describe('the jsonl benchmark', () => {
  it('reads tasks and held-out sets in the order given, with a hash for every file', async () => {
    write('a.train.jsonl', cat, '', dog);
    write('a.test.jsonl', dog);
    write('h.jsonl', cat);
    write('h.shots.jsonl', dog);
    const data = await load({
      tasks: [{ name: 'a', train: 'a.train.jsonl', test: 'a.test.jsonl', epochs: 2 }],
      heldOut: [{ name: 'h', test: 'h.jsonl', fewShot: 'h.shots.jsonl' }],
    });
    expect(data.tasks).toMatchObject([
      { name: 'a', epochs: 2, train: [cat, dog], test: { name: 'a', items: [dog], demonstrations: [cat, dog] } },
    ]);
    expect(data.heldOut).toMatchObject([{ name: 'h', items: [cat], demonstrations: [dog] }]);
    expect(data.answerEnd).toBe('eos');
    const sha256 = createHash('sha256').update(JSON.stringify(cat)).digest('hex');
    expect(data.files).toHaveLength(4);
    expect(data.files[2]).toEqual({ path: join(folder, 'h.jsonl'), sha256, items: 1 });
  });

  it('takes demonstrations from fewShot where it is given, and none for a held-out set without it', async () => {
    write('train.jsonl', cat);
    write('shots.jsonl', dog);
    const data = await load({
      tasks: [{ name: 'a', train: 'train.jsonl', test: 'train.jsonl', fewShot: 'shots.jsonl' }],
      heldOut: [{ name: 'h', test: 'train.jsonl' }],
    });
    expect(data.tasks[0].test?.demonstrations).toMatchObject([dog]);
    expect(data.heldOut[0].demonstrations).toEqual([]);
    expect(data.files).toHaveLength(2);
  });

  it('takes ready-made tokens as they stand, for training only', async () => {
    const tokens = { tokens: [5, 6, 7], labels: [-100, -100, 7] };
    write('t.jsonl', tokens, cat);
    const data = await load({ tasks: [{ name: 't', train: 't.jsonl' }] });
    expect(data.tasks[0]).toMatchObject({ name: 't', epochs: 1, train: [tokens, cat] });
    await expect(load({ tasks: [{ name: 't', train: 't.jsonl', test: 't.jsonl' }] })).rejects.toThrow(/t\.jsonl:1/);
  });

  it('uses the first lines only where a maximum is set', async () => {
    write('t.jsonl', cat, dog);
    const data = await load({ tasks: [{ name: 't', train: 't.jsonl', test: 't.jsonl' }], maxTrain: 1, maxTest: 1 });
    expect(data.tasks[0]).toMatchObject({ train: [cat], test: { items: [cat], demonstrations: [cat, dog] } });
  });

  it('says where a file has fewer lines than a maximum asks for', async () => {
    write('t.jsonl', cat, dog);
    const tasks = [{ name: 't', train: 't.jsonl', test: 't.jsonl' }];
    const { notices } = await load({ tasks, heldOut: [{ name: 'h', test: 't.jsonl' }], maxTrain: 3, maxTest: 4 });
    expect(notices).toEqual(['maxTrain asks for 3: t has 2', 'maxTest asks for 4: t has 2, h has 2']);
  });

  it('takes validation samples from a file of their own', async () => {
    write('t.jsonl', cat, dog);
    write('v.jsonl', dog);
    const task = { name: 't', train: 't.jsonl', validation: 'v.jsonl' };
    const data = await load({ tasks: [task], maxTrain: 1 });
    expect(data.tasks[0].validation).toMatchObject([dog]);
    write('v.jsonl', { tokens: [5, 6], labels: [-100, 6] });
    await expect(load({ tasks: [task] })).rejects.toThrow(/DATA_LINE.*v\.jsonl:1/);
  });

  it('takes them from the text beyond maxTrain otherwise, but for what is trained or scored', async () => {
    const [cow, pig] = ['cow', 'pig'].map((word) => ({ prompt: `Q: ${word}\nA:`, answer: ` ${word}` }));
    write('t.jsonl', cat, dog, { tokens: [5, 6], labels: [-100, 6] }, cat, cow, pig);
    write('test.jsonl', cow);
    const task = { name: 't', train: 't.jsonl', test: 'test.jsonl' };
    const { tasks, notices } = await load({ tasks: [task], maxTrain: 1 });
    expect(tasks[0].validation).toMatchObject([dog, pig]);
    expect(notices).toEqual([
      't: 2 of 4 records of train beyond maxTrain are in train or test as well; 2 are left for validation',
    ]);
    expect((await load({ tasks: [task], maxTrain: 6 })).tasks[0].validation).toBeUndefined();
    expect((await load({ tasks: [task] })).tasks[0].validation).toBeUndefined();
  });
});

describe('what the jsonl benchmark refuses', () => {
  const refused: [string, (string | object)[], RegExp][] = [
    ['broken JSON', [cat, '{"prompt": "x'], /DATA_LINE.*t\.jsonl:2/],
    ['a missing key', [{ prompt: 'x' }], /DATA_LINE.*t\.jsonl:1.*, got no "answer"\. /],
    ['a key that is written otherwise', [{ prompt: 'x', anwser: 'y' }], /got no "answer", but "anwser"\. /],
    ['a wrong type', [cat, '', { prompt: 'x', answer: 3 }], /DATA_LINE.*t\.jsonl:3.*got "answer": 3\. /],
    ['an empty answer', [{ prompt: 'x', answer: '' }], /DATA_LINE.*t\.jsonl:1.*got an empty "answer"\. /],
    ['a single choice', [{ ...cat, choices: [' cat'] }], /got "choices" with 1 entry, at least 2 are needed\. /],
    ['an answer that is no choice', [{ ...cat, choices: [' a', ' b'] }], /DATA_LINE.*t\.jsonl:1.*choices/],
    ['labels of another length', [{ tokens: [1, 2], labels: [-100] }], /DATA_LINE.*t\.jsonl:1.*2 labels.*got 1/],
    ['labels that train nothing', [{ tokens: [1, 2], labels: [1, -100] }], /DATA_LINE.*t\.jsonl:1.*label/],
    ['a token that is no id', [{ tokens: [1.5], labels: [-100] }], /DATA_LINE.*t\.jsonl:1.*got "tokens\.0": 1\.5\. /],
    ['a number in place of an object', ['3'], /DATA_LINE.*t\.jsonl:1.*got 3\. /],
    ['an empty file', ['', ' '], /DATA_EMPTY.*t\.jsonl/],
  ];

  it.each(refused)('%s', async (_, lines, message) => {
    write('t.jsonl', ...lines);
    await expect(load({ tasks: [{ name: 't', train: 't.jsonl' }] })).rejects.toThrow(message);
  });

  it('bytes that are not UTF-8, by line', async () => {
    writeFileSync(join(folder, 't.jsonl'), Buffer.from([0x7b, 0x7d, 0x0a, 0xff, 0x0a]));
    await expect(load({ tasks: [{ name: 't', train: 't.jsonl' }] })).rejects.toThrow(/DATA_LINE.*t\.jsonl:2.*UTF-8/);
  });

  it('missing files, all in one line', async () => {
    write('t.jsonl', cat);
    const task = { name: 't', train: 't.jsonl', test: 'none.jsonl', fewShot: 'away/shots.jsonl' };
    await expect(load({ tasks: [task], heldOut: [{ name: 'h', test: 'nor.jsonl' }] })).rejects.toThrow(
      /DATA_FILE.*\/none\.jsonl: .*expected 3 files, got none of \S*\/{none,nor}\.jsonl, \S*\/away\/shots\.jsonl\. Check the path/,
    );
  });

  it('a missing file and a folder', async () => {
    await expect(load({ tasks: [{ name: 't', train: 'none.jsonl' }] })).rejects.toThrow(
      /DATA_FILE.*none\.jsonl.*got none/,
    );
    await expect(load({ tasks: [{ name: 't', train: '.' }] })).rejects.toThrow(/DATA_FILE.*got a folder/);
  });

  it('two sets of one name, names that leave their folder, and unknown options', () => {
    const task = { name: 't', train: 't.jsonl' };
    const parse = (given: unknown) => manifest.options.safeParse(given).error?.issues[0];
    expect(parse({ tasks: [task, { ...task, name: 'T' }] })).toMatchObject({ path: ['tasks', 1, 'name'] });
    expect(parse({ tasks: [task], heldOut: [{ name: 't', test: 'x' }] })).toMatchObject({
      path: ['heldOut', 0, 'name'],
    });
    expect(parse({ tasks: [{ ...task, name: '../t' }] })).toMatchObject({ path: ['tasks', 0, 'name'] });
    expect(parse({ tasks: [{ ...task, name: 'all' }] })).toMatchObject({ path: ['tasks', 0, 'name'] });
    expect(parse({ tasks: [{ ...task, epoch: 2 }] })).toMatchObject({ code: 'unrecognized_keys' });
  });
});
