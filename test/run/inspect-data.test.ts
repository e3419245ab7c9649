import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../core/config/load.js';
import { composePlugins } from '../../core/container/compose.js';
import { PluginRegistry } from '../../core/container/plugin-registry.js';
import { inspectData } from '../../core/run/inspect-data.js';
import { scratchFolder, writeText } from '../config/write-config.js';

const folder = scratchFolder();
const registry = new PluginRegistry();

/** What there is for a config with this benchmark, whose model need not be there. */
async function inspect(benchmark: string) {
  const config = `backbone: { use: llama, model: none }\nadapter: { use: inc-lora }\nbenchmark: ${benchmark}\n`;
  const loaded = loadConfig(writeText(folder, 'run.yaml', config));
  const silent = { info: () => {}, warn: () => {} };
  return inspectData(loaded, await composePlugins(loaded, registry), silent);
}

const own = '{ use: jsonl, tasks: [{ name: own, train: good.jsonl, test: data }] }';
const long = '{ use: long, root: ., tasks: [yelp] }';
const trace = '{ use: trace, root: ., tasks: [FOMC] }';
const func = '{ use: func, root: ., tasks: [Sentiment-mc] }';
const heldOut = '{ use: held-out, root: ., sets: [arc_challenge] }';
const yelp = 'CL_Benchmark/SC/yelp';

function writeGoodData(): void {
  const question = '{"id": "1", "question": "Is ice cold?", "choices": ["no", "yes"], "answer": 1}';
  const files: Record<string, string> = {
    'good.jsonl': '{"prompt": "a", "answer": " b"}',
    data: '{"prompt": "c", "answer": " b"}',
    'sentiment_mc.json': JSON.stringify(['x', 'y'].map((text) => ({ input: `${text}\na: +\nb: -`, output: 'a' }))),
    'arc_challenge.jsonl': question,
    'arc_challenge.fewshot.jsonl': question,
    [`${yelp}/labels.json`]: '["Good", "Bad"]',
  };
  for (const part of ['train', 'dev', 'test']) files[`${yelp}/${part}.json`] = `[{"label":"Bad","sentence":"${part}"}]`;
  for (const part of ['train', 'eval', 'test']) files[`FOMC/${part}.json`] = `[{"prompt":"${part}","answer":"A"}]`;
  for (const [file, text] of Object.entries(files)) writeText(folder, file, text);
}

describe('data that are inspected', () => {
  it.each([own, long, trace, func, heldOut])('are counted: %s', async (benchmark) => {
    writeGoodData();
    const { sets, warnings } = await inspect(benchmark);
    expect(sets).toHaveLength(1);
    expect(sets[0].test).toBe(1);
    expect(warnings).toEqual([]);
  });

  it.each([
    ['a broken line', own, 'data', '{"prompt": "a", "answer": " b"}\n{"prompt": "a', /:2: .*expected JSON/],
    ['a record without a field', own, 'data', '{"prompt": "a"}', /:1: .*got no "answer"/],
    [
      'an answer that is no choice',
      own,
      'data',
      '{"prompt":"a","answer":" b","choices":["c","d"]}',
      /:1: .*among `choi/,
    ],
    ['a file without lines', own, 'data', '\n', /: .*at least one line/],
    ['a list that is broken', long, `${yelp}/dev.json`, '[{"label":\n"Good" "sen', /:2: .*expected JSON/],
    ['a list without items', long, `${yelp}/test.json`, '[]', /: .*at least one item, got none/],
    [
      'a label that is no option',
      long,
      `${yelp}/dev.json`,
      '[{"label": "So", "sentence": "x"}]',
      /, item 1: .*got "So"/,
    ],
    ['a record without a label', long, `${yelp}/train.json`, '[{"sentence": "x"}]', /, item 1: .*got no "label"/],
    ['a letter that is no choice', trace, 'FOMC/eval.json', '[{"prompt":"x","answer":"D"}]', /, item 1: .*got "D"/],
    ['a sample without an answer', trace, 'FOMC/train.json', '[{"prompt":"x"}]', /, item 1: .*got no "answer"/],
    ['a letter of no option', func, 'sentiment_mc.json', '[{"input":"x\\na: +","output":"b"}]', /, item 1: .*got "b"/],
    ['a pair without its output', func, 'sentiment_mc.json', '[{"input": "x"}]', /, item 1: .*got no "output"/],
    [
      'an index of no choice',
      heldOut,
      'arc_challenge.jsonl',
      '{"id":"1","question":"x","choices":["a","b"],"answer":2}',
      /:1: .*from 0 to 1, got 2/,
    ],
    [
      'a question without choices',
      heldOut,
      'arc_challenge.fewshot.jsonl',
      '{"id":"1","question":"x"}',
      /:1: .*got no "choices"/,
    ],
  ])('are refused in one line that names file and place for %s', async (_, benchmark, file, text, message) => {
    writeGoodData();
    writeFileSync(path.join(folder, file), text);
    const error: Error = await inspect(benchmark).then(
      () => expect.unreachable(),
      (refused) => refused,
    );
    const [before, after] = error.message.split(path.join(folder, file));
    expect(before).toMatch(/^\[DATA_(LINE|EMPTY)\] $/);
    expect(after).toMatch(message);
    expect(after).not.toContain('\n');
  });
});
