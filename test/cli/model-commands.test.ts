import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { Command } from 'commander';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { generateCommand } from '../../core/cli/generate.js';
import { withModel } from '../../core/cli/loaded-model.js';
import { logitsCommand } from '../../core/cli/logits.js';
import { scoreCommand } from '../../core/cli/score.js';
import type { LowRankPair } from '../../core/contracts/adapter.js';
import { logSumExp } from '../../core/evaluation/log-softmax.js';
import type { Model } from '../../core/evaluation/model.js';
import { runPrompts } from '../../core/evaluation/prompt-run.js';
import { writePeft } from '../../core/weights/peft.js';
import { writeToyModel } from './toy-model.js';

const folder = mkdtempSync(join(tmpdir(), 'commands-'));
const path = (name: string) => join(folder, name);
const model = path('toy');

beforeAll(() => writeToyModel(model));
beforeEach(() => rmSync(path('out.jsonl'), { force: true }));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a command over lines and reads what it wrote. */
async function run(command: Command, lines: readonly unknown[], ...more: string[]) {
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
  writeFileSync(path('in.jsonl'), text);
  const args = ['--model', model, '--input', path('in.jsonl'), '--out', path('out.jsonl'), ...more];
  await command
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .parseAsync(args, { from: 'user' });
  const rows = readFileSync(path('out.jsonl'), 'utf8').trimEnd().split('\n');
  return rows.map((row) => JSON.parse(row));
}

/** Logits [V] of the toy model after the tokens, by one plain run. */
async function logitsAfter(tokens: readonly number[]): Promise<Float32Array> {
  let logits = new Float32Array();
  await withModel({ model, engine: 'auto' }, async (loaded: Model) => {
    logits = Float32Array.from(runPrompts(loaded, [tokens]).logits[0]);
  });
  return logits;
}

describe('palimpsest logits', () => {
  it('gives the largest logits, their logSumExp and the logits asked for at the last position', async () => {
    const logits = await logitsAfter([30, 1, 0, 3]);
    const [row] = await run(logitsCommand(), [{ id: 'x', prompt: 'bad' }], '--top', '2', '--ids', '1,5');
    const best = [...logits.keys()].sort((a, b) => logits[b] - logits[a]).slice(0, 2);
    expect(row).toEqual({
      id: 'x',
      top: best.map((token) => [token, expect.closeTo(logits[token], 4)]),
      logSumExp: expect.closeTo(logSumExp(logits), 4),
      logits: { 1: expect.closeTo(logits[1], 4), 5: expect.closeTo(logits[5], 4) },
    });
  });

  it('keeps the order of lines of different length, and puts no BOS before tokens', async () => {
    const rows = await run(
      logitsCommand(),
      [
        { id: 1, tokens: [1, 0, 3] },
        { id: 2, tokens: [30, 1, 0, 3, 4, 4] },
        { id: 3, prompt: 'bad' },
      ],
      '--ids',
      '7',
    );
    const expected = await Promise.resolve([await logitsAfter([1, 0, 3]), await logitsAfter([30, 1, 0, 3])]);
    expect(rows.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(rows[0].logits[7]).toBeCloseTo(expected[0][7], 4);
    expect(rows[2].logits[7]).toBeCloseTo(expected[1][7], 4);
    expect(rows[0].top).toHaveLength(10);
  });

  it('leaves no tensor over', async () => {
    const before = tf.memory().numTensors;
    await run(logitsCommand(), [{ id: 1, prompt: 'bad' }]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('palimpsest score', () => {
  it('sums the log-probabilities of ids(prompt + choice) minus ids(prompt)', async () => {
    const logits = await logitsAfter([30, 1, 27]);
    const next = await logitsAfter([30, 1, 27, 2]);
    const [row] = await run(scoreCommand(), [{ id: 1, prompt: 'b:', choices: ['a', 'cd', ' a'] }]);
    const first = (token: number) => logits[token] - logSumExp(logits);
    const sums = [first(0), first(2) + next[3] - logSumExp(next), first(29)];
    expect(row).toEqual({
      id: 1,
      logLikelihoods: sums.map((sum) => expect.closeTo(sum, 4)),
      tokenCounts: [1, 2, 1],
      best: sums.indexOf(Math.max(...sums)),
    });
  });

  it('gives a token across the border to the choice', async () => {
    const logits = await logitsAfter([30, 1]);
    const [row] = await run(scoreCommand(), [{ id: 1, prompt: 'b ', choices: ['a'] }]);
    expect(row.tokenCounts).toEqual([1]);
    expect(row.logLikelihoods[0]).toBeCloseTo(logits[29] - logSumExp(logits), 4);
  });

  it('runs a long prompt with short choices beside a short prompt with long ones', async () => {
    const rows = await run(scoreCommand(), [
      { id: 1, prompt: 'b'.repeat(58), choices: ['a', 'ab'] },
      { id: 2, prompt: 'b', choices: ['a'.repeat(40), 'c'] },
    ]);
    expect(rows.map(({ tokenCounts }) => tokenCounts)).toEqual([
      [1, 2],
      [40, 1],
    ]);
  });
});

describe('palimpsest generate', () => {
  it('writes the new tokens only, from a prompt, a conversation or tokens alike', async () => {
    const rows = await run(
      generateCommand(),
      [
        { id: 1, prompt: 'bad:' },
        { id: 2, messages: [{ role: 'user', content: '<s>bad' }] },
        { id: 3, tokens: [30, 1, 0, 3, 27] },
      ],
      '--max-tokens',
      '6',
      '--ignore-eos',
    );
    const logits = await logitsAfter([30, 1, 0, 3, 27]);
    expect(rows[0].tokens).toHaveLength(6);
    expect(rows[0].tokens[0]).toBe(logits.indexOf(Math.max(...logits)));
    expect(rows.map(({ tokens, text }) => [tokens, text])).toEqual(Array(3).fill([rows[0].tokens, rows[0].text]));
  });

  it('ends before EOS, or goes on after it when told to', async () => {
    const prompts = Array.from('abcdefghijklmnopqrstuvwxyz', (letter) => ({ id: letter, prompt: letter }));
    const on = await run(generateCommand(), prompts, '--max-tokens', '30', '--ignore-eos');
    const rows = await run(generateCommand(), prompts, '--max-tokens', '30');
    expect(on.some(({ tokens }) => tokens.includes(31))).toBe(true);
    rows.forEach(({ tokens }, i) => {
      const end = on[i].tokens.indexOf(31);
      expect(tokens).toEqual(end < 0 ? on[i].tokens : on[i].tokens.slice(0, end));
    });
  });
});

describe('a PEFT adapter', () => {
  const pair = (site: string, outFeatures: number): LowRankPair => ({
    site,
    a: new Float32Array(16).fill(0.5),
    b: new Float32Array(outFeatures).fill(0.5),
    rank: 1,
    inFeatures: 16,
    outFeatures,
    scale: 2,
  });
  const write = (pairs: LowRankPair[]) => writePeft(path('adapter'), { pairs, baseModel: 'toy' });

  it('adds scale * B A to the layers that it names', async () => {
    await write([pair('model.layers.0.self_attn.v_proj', 8)]);
    const [plain] = await run(logitsCommand(), [{ id: 1, prompt: 'bad' }], '--ids', '1');
    const [added] = await run(logitsCommand(), [{ id: 1, prompt: 'bad' }], '--ids', '1', '--adapter', path('adapter'));
    let folded = 0;
    await withModel({ model, engine: 'auto' }, async (loaded) => {
      const site = loaded.backbone.linearSites.find(({ name }) => name === 'model.layers.0.self_attn.v_proj');
      tf.tidy(() => loaded.backbone.fold(site as never, tf.fill([8, 16], 0.5)));
      folded = runPrompts(loaded, [[30, 1, 0, 3]]).logits[0][1];
    });
    expect(added.logits[1]).toBeCloseTo(folded, 4);
    expect(Math.abs(added.logits[1] - plain.logits[1])).toBeGreaterThan(1e-3);
  });

  it('of another model is refused by site or shape', async () => {
    const refused = (message: RegExp) =>
      expect(run(logitsCommand(), [{ id: 1, prompt: 'b' }], '--adapter', path('adapter'))).rejects.toThrow(message);
    await write([pair('model.layers.9.self_attn.v_proj', 8)]);
    await refused(/ADAPTER_INVALID.*got model\.layers\.9\.self_attn\.v_proj/);
    await write([pair('model.layers.0.self_attn.v_proj', 4)]);
    await refused(/ADAPTER_INVALID.*expected \[8, 16\], got \[4, 16\]/);
    expect(existsSync(path('out.jsonl'))).toBe(false);
  });
});

describe('input that does not fit', () => {
  it.each([
    ['logits', logitsCommand, '{"id": 1', /INPUT_LINE.*in\.jsonl:1.*JSON/],
    ['logits', logitsCommand, { id: 1 }, /INPUT_LINE.*in\.jsonl:1.*exactly one of prompt, tokens/],
    ['logits', logitsCommand, { id: 1, prompt: 'a', tokens: [1] }, /INPUT_LINE.*exactly one/],
    ['logits', logitsCommand, { id: 1, tokens: [] }, /INPUT_LINE.*tokens/],
    ['logits', logitsCommand, { id: 1, tokens: [32] }, /TOKEN_OUT_OF_RANGE.*in\.jsonl:1.*0 to 31, got 32/],
    [
      'logits',
      logitsCommand,
      { id: 1, prompt: 'a'.repeat(64) },
      /TOKENS_TOO_LONG.*in\.jsonl:1.*at most 64 tokens, got 65/,
    ],
    ['score', scoreCommand, { id: 1, prompt: 'a' }, /INPUT_LINE.*choices/],
    ['score', scoreCommand, { id: 1, prompt: 'a', choices: ['b', ''] }, /INPUT_LINE.*choices\.1/],
    ['score', scoreCommand, { id: 1, prompt: 'a'.repeat(60), choices: ['bbbb'] }, /TOKENS_TOO_LONG.*61 and 4 new/],
    ['generate', generateCommand, { id: 1, messages: [{ role: 'user' }] }, /INPUT_LINE.*messages\.0\.content/],
    ['generate', generateCommand, { id: 1, prompt: 'a'.repeat(20) }, /TOKENS_TOO_LONG.*21 and 50 new/],
    ['generate', generateCommand, '{"prompt": "a"}', /INPUT_LINE.*id/],
  ])('is refused by %s with its place, nothing written', async (_, command, line, message) => {
    await expect(run(command(), [line])).rejects.toThrow(message);
    expect(readdirSync(folder).filter((name) => name.startsWith('out'))).toEqual([]);
  });

  it('is refused before the model is looked for', async () => {
    await expect(run(scoreCommand(), ['{}'], '--model', path('nowhere'))).rejects.toThrow(/INPUT_LINE/);
    await expect(run(scoreCommand(), [], '--model', path('nowhere'))).rejects.toThrow(/MODEL_NOT_FOUND/);
  });

  it('or options that do not fit are refused', async () => {
    const line = { id: 1, prompt: 'a' };
    await expect(run(logitsCommand(), [line], '--ids', '1,x')).rejects.toThrow(/whole number/);
    await expect(run(logitsCommand(), [line], '--ids', '32')).rejects.toThrow(/TOKEN_OUT_OF_RANGE.*--ids/);
    await expect(run(generateCommand(), [line], '--max-tokens', '0')).rejects.toThrow(/whole number from 1/);
    await expect(run(logitsCommand(), [line], '--input', path('none.jsonl'))).rejects.toThrow(
      /INPUT_FILE.*none\.jsonl/,
    );
    await expect(run(logitsCommand(), [line], '--output', path('no/out.jsonl'))).rejects.toThrow(/OUTPUT_WRITE/);
    await expect(run(logitsCommand(), [line], '--output', folder)).rejects.toThrow(/OUTPUT_WRITE.*a folder/);
  });
});
