import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toyConfig } from '../../core/testing/toy-weights.js';
import { palimpsest } from './bin.js';
import { writeToyModel } from './toy-model.js';

const folder = mkdtempSync(join(tmpdir(), 'errors-'));
const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

function writeModel(name: string, config: object, weights?: Uint8Array): void {
  mkdirSync(join(folder, name));
  write(`${name}/config.json`, JSON.stringify(config));
  if (weights) writeFileSync(join(folder, name, 'model.safetensors'), weights);
}

/** A safetensors file that declares tensors and holds none of their bytes beyond the file's length. */
function hollowWeights(shapes: Record<string, number[]>): Uint8Array {
  let at = 0;
  const entries = Object.entries(shapes).map(([name, shape]) => {
    const bytes = 4 * shape.reduce((product, n) => product * n, 1);
    at += bytes;
    return [name, { dtype: 'F32', shape, data_offsets: [at - bytes, at] }];
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header]);
}

beforeAll(async () => {
  await writeToyModel(join(folder, 'toy'));
  const weights = readFileSync(join(folder, 'toy/model.safetensors'));
  writeModel('cut', toyConfig, weights.subarray(0, weights.length - 100));
  writeModel('corrupt', toyConfig, Buffer.from('\x10\0\0\0\0\0\0\0{"not json      '));
  writeModel('gpt', { model_type: 'gpt2', architectures: ['GPT2LMHeadModel'], n_embd: 8 }, hollowWeights({}));
  const huge = hollowWeights({ 'model.embed_tokens.weight': [4_000_000, 100_000] });
  writeModel('huge', { ...toyConfig, vocab_size: 4_000_000, hidden_size: 100_000 }, huge);
  truncateSync(join(folder, 'huge/model.safetensors'), huge.length + 4 * 4_000_000 * 100_000);
  write('cut.gguf', 'GGUF\x03\0\0\0');
  write('corrupt.gguf', 'GGML'.repeat(20));
  write('a.jsonl', '{"prompt":"ab","answer":" a"}\n');
  write('long.jsonl', `{"prompt":"${'ab '.repeat(40)}","answer":" a"}\n`);
  write('wordy.jsonl', `{"prompt":"ab","answer":" ${'ab'.repeat(40)}"}\n`);
  write('broken.jsonl', '{"prompt":"ab","answer":" a"}\n{"prompt":"ab"\n');
  write('keyless.jsonl', '{"prompt":"ab"}\n');
  write('empty.jsonl', '');
  write('in.jsonl', '{"id":1,"prompt":"ab"}\n{"id":2}\n');
  mkdirSync(join(folder, 'full'));
  write('full/file', 'x');
  write(
    'run.yaml',
    [
      'engine: cpu',
      'backbone: { use: llama, model: ./toy }',
      'adapter: { use: inc-lora }',
      'benchmark: { use: jsonl, tasks: [{ name: a, train: a.jsonl }] }',
    ].join('\n'),
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

const set = (value: string) => ['run', 'run.yaml', '--out', 'out', '--set', value];
const model = (name: string) => set(`backbone.model=./${name}`);
const train = (name: string) => set(`benchmark.tasks.0.train=${name}`);

/** What a user may get wrong, the command, and what its one line says. */
const cases: [string, string[], RegExp][] = [
  ['an unknown plugin', set('adapter.use=inc-lroa'), /^\[PLUGIN_UNKNOWN\].*inc-lroa.*did you mean "inc-lora"/],
  ['an unknown option', set('adapter.rnak=4'), /^\[CONFIG_KEY\] .*adapter\.rnak.*did you mean "rank"/],
  ['an unknown key', set('trianing.clip=1'), /^\[CONFIG_KEY\] .*did you mean "training"/],
  ['a wrong type', set('training.batchSize=many'), /^\[CONFIG_VALUE\] .*batchSize.*whole number.*"many"/],
  ['a target that the model lacks', set('adapter.targets=[q_prj]'), /^\[CONFIG_VALUE\].*q_prj.*Did you mean "q_proj"/],
  ['a missing config', ['run', 'none.yaml'], /^\[CONFIG_FILE\] none\.yaml/],
  [
    'a missing data file',
    train('none.jsonl'),
    /^\[DATA_FILE\] --set benchmark.tasks.0.train=none.jsonl, \/.*\/none\.jsonl: /,
  ],
  ['a corrupt data line', train('broken.jsonl'), /^\[DATA_LINE\] .*broken\.jsonl:2/],
  ['a data line without its answer', train('keyless.jsonl'), /^\[DATA_LINE\] .*keyless\.jsonl:1/],
  ['an empty task', train('empty.jsonl'), /^\[DATA_EMPTY\] .*empty\.jsonl/],
  ['a missing model', model('none'), /^\[MODEL_NOT_FOUND\] .*none/],
  ['truncated safetensors', model('cut'), /^\[MODEL_FILE\] .*cut.*model\.safetensors/],
  ['corrupt safetensors', model('corrupt'), /^\[MODEL_FILE\] .*corrupt.*model\.safetensors/],
  ['a truncated GGUF', model('cut.gguf'), /^\[MODEL_FILE\] .*cut\.gguf/],
  ['a corrupt GGUF', model('corrupt.gguf'), /^\[MODEL_FILE\] .*corrupt\.gguf/],
  ['an architecture it cannot run', model('gpt'), /^\[ARCHITECTURE_UNSUPPORTED\] .*gpt2 \(GPT2LMHeadModel\)/],
  ['a model too large for memory', model('huge'), /^\[MEMORY_TOO_SMALL\] .*huge/],
  ['an unknown engine', ['run', 'run.yaml', '--engine', 'gpu'], /^\[CONFIG_VALUE\] --engine.*auto/],
  ['an output folder in use', ['run', 'run.yaml', '--out', 'full'], /^\[OUTPUT_EXISTS\] .*full/],
  ['an unknown command', ['rum'], /^\[USAGE\].*rum.*run/],
  ['an unknown flag', ['run', 'run.yaml', '--sed', '1'], /^\[USAGE\].*--sed.*--se/],
  [
    'an input line without its text',
    ['logits', '--model', 'toy', '--input', 'in.jsonl'],
    /^\[INPUT_LINE\] in\.jsonl:2/,
  ],
  [
    'a prompt too long where that is refused',
    [...train('long.jsonl'), '--set', 'training={overflow: refuse, maxInputTokens: 20}'],
    /^\[DATA_TOO_LONG\] .*long\.jsonl:1, prompt.*at most 20 tokens/,
  ],
  [
    'an answer too long where that is refused',
    [...train('wordy.jsonl'), '--set', 'training={overflow: refuse, maxOutputTokens: 30}'],
    /^\[DATA_TOO_LONG\] .*wordy\.jsonl:1, answer.*at most 30 tokens/,
  ],
  [
    'an item to be scored that is too long where that is refused',
    [
      ...set('benchmark.tasks.0.test=long.jsonl'),
      '--set',
      'training={overflow: refuse, maxInputTokens: 20, maxOutputTokens: 9}',
    ],
    /^\[DATA_TOO_LONG\] .*long\.jsonl:1, prompt.*at most 20 tokens/,
  ],
];

describe('bad input', () => {
  it.concurrent.each(cases)('gives one clear line and writes nothing: %s', async (_, args, line) => {
    const { status, stdout, stderr } = await palimpsest(args, folder);
    expect(stderr).toMatch(line);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    const made = readdirSync(folder).filter((name) => name === 'out' || name === 'runs');
    expect([...made, ...readdirSync(join(folder, 'full'))]).toEqual(['file']);
  });
});
