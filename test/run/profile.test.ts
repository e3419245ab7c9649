import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../core/config/load.js';
import type { Observer, StepRecord } from '../../core/contracts/observer.js';
import { nativeObstacle } from '../../core/engine/engine.js';
import type { ProfileSummary } from '../../core/profile/summary.js';
import { runConfig } from '../../core/run/run.js';
import { writeToyModel } from '../cli/toy-model.js';
import { scratchFolder, writeText } from '../config/write-config.js';
import { liesIn, misplaced, select, type TraceEvent } from '../profile/trace.js';

const folder = scratchFolder();
const config = `
backbone: { use: llama, model: ./toy }
adapter: { use: inc-lora, rank: 2, alpha: 4, dropout: 0.1 }
regularizers: [{ use: ewc, over: merged, lambda: 10, samples: 8 }, { use: lwf }]
interventions: [{ use: ivg, heads: ./heads.json, samples: train, shots: 1, prompts: 4, demonstrationSets: 2 }]
benchmark:
  use: jsonl
  tasks: [{ name: a, train: a.jsonl, test: a.jsonl }, { name: b, train: a.jsonl, epochs: 2 }]
training: { batchSize: 2, learningRate: 1.0e-2, maxOutputTokens: 3 }
evaluation: { by: [exact] }
`;
/** Optimizer steps of task a and of task b, and how many of each are recorded. */
const STEPS = { a: 4, b: 8, recorded: 3 };

interface Setting {
  readonly set?: readonly string[];
  readonly resume?: boolean;
  readonly profile?: boolean;
  readonly observer?: Observer;
}

async function run(out: string, { set = [], resume, profile = true, observer }: Setting = {}): Promise<string[]> {
  const told: string[] = [];
  const loaded = loadConfig(path.join(folder, 'run.yaml'), { set });
  await runConfig({
    loaded,
    folder: path.join(folder, out),
    resume,
    profile: profile ? { steps: STEPS.recorded } : undefined,
    observers: observer ? [observer] : [],
    logger: { info: (message) => void told.push(message), warn: () => {} },
  });
  return told;
}

const text = (...names: string[]) => readFileSync(path.join(folder, ...names), 'utf8');
const eventsOf = (out: string): TraceEvent[] => JSON.parse(text(out, 'profile.json')).traceEvents;
const summaryOf = (out: string): ProfileSummary => JSON.parse(text(out, 'profile-summary.json'));

/** Everything of a run's steps that does not tell of time. */
function steps(out: string): object[] {
  const lines = text(out, 'metrics.jsonl').trimEnd().split('\n');
  return lines.map((line) => {
    const { seconds: _, tokensPerSecond: __, ...record } = JSON.parse(line) as StepRecord;
    return record;
  });
}

/** Names of the methods that stand in the place of the engine's own. */
function hooks(): string[] {
  const names = ['runKernel', 'tidy', 'addTapeNode', 'executeSingleOutput', 'executeMultipleOutputs', 'readSync'];
  return [tf.engine(), tf.backend()].flatMap((object) => names.filter((name) => Object.hasOwn(object, name)));
}

beforeAll(async () => {
  await writeToyModel(path.join(folder, 'toy'));
  writeText(folder, 'run.yaml', config);
  writeText(folder, 'heads.json', '[[0, 1], [1, 2]]');
  const rows = Array.from('bcdefghi', (letter) => JSON.stringify({ prompt: `${letter}${letter}:`, answer: ' a' }));
  writeText(folder, 'a.jsonl', rows.join('\n'));
});

describe.each(['wasm', ...(nativeObstacle() ? [] : ['native'])])('a profile of a run on %s', (engine) => {
  let told: string[];
  let events: TraceEvent[];
  let summary: ProfileSummary;
  beforeAll(async () => {
    told = await run(engine, { set: [`engine=${engine}`] });
    events = eventsOf(engine);
    summary = summaryOf(engine);
  });

  it('holds complete events that lie within one another or apart, counters of memory, and names', () => {
    expect(misplaced(events)).toEqual([]);
    expect(new Set(events.map(({ ph }) => ph))).toEqual(new Set(['X', 'C', 'M']));
    const counters = events.filter(({ ph }) => ph === 'C');
    for (const name of ['tensors', 'resident memory']) {
      const bytes = counters.filter((event) => event.name === name).map(({ args }) => Number(args.bytes));
      expect(Math.max(...bytes), name).toBeGreaterThan(0);
    }
  });

  it('sums operations up as their events have them', () => {
    const operations = select(events, 'operation');
    const names = [...new Set(operations.map(({ name }) => name))];
    const sums = names.map((name) => {
      const own = operations.filter((event) => event.name === name);
      const sum = (of: (event: TraceEvent) => number) => own.reduce((total, event) => total + of(event), 0);
      return {
        name,
        count: own.length,
        ms: sum(({ dur }) => dur) / 1000,
        bytes: sum(({ args }) => Number(args.bytes)),
      };
    });
    const byName = <T extends { name: string }>(some: readonly T[]) =>
      some.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const summed = summary.operations.map(({ name, count, ms, bytes }) => ({ name, count, ms, bytes }));
    expect(byName(summed)).toEqual(byName(sums));
  });

  it('splits each step into products, other operations, and what lies outside of them', () => {
    expect(summary.recordedSteps.map(({ task, step }) => [task, step])).toEqual([
      ...[1, 2, 3].map((step) => ['a', step]),
      ...[1, 2, 3].map((step) => ['b', STEPS.a + step]),
    ]);
    for (const { step, ms, products, others, outside } of summary.recordedSteps) {
      const [span] = select(events, 'phase', `step ${step}`);
      const own = select(events, 'operation').filter((event) => liesIn(event, span));
      const time = (some: TraceEvent[]) => some.reduce((total, { dur }) => total + dur, 0) / 1000;
      const isProduct = ({ args }: TraceEvent) => args.flops !== undefined;
      expect(products.ms).toBeCloseTo(time(own.filter(isProduct)), 9);
      expect(others.ms).toBeCloseTo(time(own.filter((event) => !isProduct(event))), 9);
      expect(outside.ms).toBeGreaterThan(0);
      expect(products.ms + others.ms + outside.ms).toBeCloseTo(ms, 9);
    }
  });

  it('counts 2 m n k of every product, forward and backward', () => {
    for (const pass of ['forward', 'backward']) {
      const [span] = select(events, 'pass', pass);
      const products = select(events, 'operation', /MatMul/).filter((event) => liesIn(event, span));
      expect(products.length).toBeGreaterThan(0);
      for (const { args } of products) {
        const [made] = args.outputs as [number[]];
        const [left] = args.inputs as [number[]];
        const inner = Number(args.flops) / (2 * made.reduce((size, length) => size * length));
        expect(left.slice(-2)).toContain(inner);
      }
    }
  });

  it('shows what plugins do in a step under their names, gradients too', () => {
    const [span] = select(events, 'phase', `step ${STEPS.a + 1}`);
    const within = select(events, 'plugin').filter((event) => liesIn(event, span));
    for (const name of [
      'llama forward',
      'inc-lora apply',
      'inc-lora backward',
      'ivg edits',
      'ivg apply',
      'lwf passes',
    ]) {
      expect(within.map((event) => event.name)).toContain(name);
    }
    for (const regularizer of ['ewc', 'lwf']) {
      const penalty = select(within, 'plugin', `${regularizer} penalty`)[0];
      const operations = select(events, 'operation').filter((event) => liesIn(event, penalty));
      expect(operations.length).toBeGreaterThan(0);
      expect(new Set(operations.map(({ args }) => args.plugin))).toEqual(new Set([regularizer]));
      expect(within.map(({ name }) => name)).toContain(`${regularizer} backward`);
    }
  });

  it('adds every operation to one plugin, most of a step to the backbone', () => {
    const [step] = summary.typicalSteps;
    const counts = (some: ProfileSummary['plugins']) => some.reduce((sum, { operations }) => sum + operations, 0);
    expect(counts(summary.plugins)).toBe(select(events, 'operation').length);
    expect(counts(step.plugins)).toBe(step.products.count + step.others.count);
    const most = step.plugins.toSorted((a, b) => b.operations - a.operations)[0];
    expect(most.plugin).toBe('llama');
  });

  it('holds the first runs of the model of every set and hook, and no more', () => {
    const forwards = select(events, 'plugin', 'llama forward');
    const sets = select(events, 'phase', /^set /);
    expect(sets.map(({ name }) => name)).toEqual(['set a 0-shot', 'set a 0-shot', 'set a 0-shot']);
    for (const part of [...sets, ...select(events, 'phase', /Task$/)]) {
      expect(forwards.filter((event) => liesIn(event, part)).length).toBeLessThanOrEqual(STEPS.recorded);
    }
    const { wholeMs, ms } = summary.phases.find(({ name }) => name === 'set') as ProfileSummary['phases'][number];
    expect(ms).toBeLessThan(wholeMs);
  });

  it('ends with a table of parts, operations and plugins', () => {
    expect(told.at(-1)).toMatch(/a typical step \(\d+, task b\): .* outside of operations/);
    expect(told.at(-1)).toMatch(/│ ewc .* penalty \d/);
  });

  it('changes nothing that the run computes, and lets go of the engine', async () => {
    await run(`${engine}-plain`, { set: [`engine=${engine}`], profile: false });
    expect(steps(engine)).toEqual(steps(`${engine}-plain`));
    expect(hooks()).toEqual([]);
  });

  it('of a run that fails holds what came before, and lets go of the engine', async () => {
    const tensors = tf.memory().numTensors;
    const set = [`engine=${engine}`, 'training.learningRate=1e30', 'training.clip=null'];
    await expect(run(`${engine}-failed`, { set })).rejects.toThrow(/TRAINING_DIVERGED/);
    expect(hooks()).toEqual([]);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(misplaced(eventsOf(`${engine}-failed`))).toEqual([]);
  });

  it('of a run that goes on is that of its last part', async () => {
    const set = [`engine=${engine}`, 'checkpoint.every=2'];
    const kill: Observer = {
      stepDone({ step }) {
        if (step === STEPS.a + 3) throw new Error('killed');
      },
    };
    await expect(run(`${engine}-resumed`, { set, observer: kill })).rejects.toThrow('killed');
    await run(`${engine}-resumed`, { set, resume: true });
    expect(steps(`${engine}-resumed`)).toEqual(steps(engine));
    expect(summaryOf(`${engine}-resumed`).recordedSteps.map(({ step }) => step)).toEqual([7, 8, 9]);
  });
});

describe('without a profile to write', () => {
  it('a run that is refused leaves no folder', async () => {
    await expect(run('refused', { set: ['adapter.targets=[nothing]'] })).rejects.toThrow(/CONFIG_VALUE/);
    expect(existsSync(path.join(folder, 'refused'))).toBe(false);
    expect(hooks()).toEqual([]);
  });

  it('a run that is not asked for one has no file of it', async () => {
    await run('plain', { profile: false });
    expect(readdirSync(path.join(folder, 'plain')).filter((name) => name.startsWith('profile'))).toEqual([]);
  });
});
