import path from 'node:path';
import { findModel } from '../../core/weights/model-files.js';
import { largestDifference, median, megabytes, rounded, spread } from '../figures.js';
import type { Side, SideCommand } from './protocol.js';
import { greetings, ours, theirs, type VersusSettings, withSides } from './sides.js';
import { type StepSizes, stepOperations } from './step-operations.js';
import { takeTurns } from './turns.js';

export type StepRequest = { readonly steps: number } | { readonly products: number };

/** Peaks of resident memory in bytes where the system tells them: of the steps after the first, and of the whole process. */
export interface StepPeak {
  readonly steps?: number;
  readonly process?: number;
}

export interface StepAnswer {
  readonly seconds: readonly number[];
  readonly losses: readonly number[];
  readonly peak: StepPeak;
}

/** What is found of one side over all rounds. */
export interface StepFigures {
  readonly name: string;
  readonly seconds: readonly number[];
  /** Of the first steps, in nats. */
  readonly losses: readonly number[];
  readonly peak: StepPeak;
  /** Seconds of 1024^3 products in its precision; none where it cannot make them. */
  readonly products: readonly number[];
}

const WORK = { rows: 8, length: 64, answers: 8, rank: 8 };
const STEPS_A_TURN = 5;
const PRODUCTS_A_TURN = 20;
const OURS = 'ours f32';
/** By which first losses in float32 may differ, in nats. */
const TOLERANCE = 1e-3;

/** One LoRA step of SmolLM2-135M, by all sides in turn. */
export async function versusStep(settings: VersusSettings) {
  const commands = await sidesOf(settings);
  return withSides(commands, async (sides) => {
    const sizes = sides[0].greeting.sizes as StepSizes;
    const first = await takeTurns(
      sides.map((side) => ({ name: side.name, take: () => side.ask<StepAnswer>({ steps: 1 }) })),
      1,
    );
    const found = await measure(sides, settings.rounds);
    const figures = found.map((one) => ({
      ...one,
      losses: [...(first.get(one.name)?.[0].losses ?? []), ...one.losses],
    }));
    const operations = stepOperations(sizes, WORK);
    return {
      rows: stepRows(figures, operations),
      more: { sides: greetings(sides), gigaOperations: rounded(operations / 1e9), losses: firstLosses(figures) },
      checks: lossChecks(figures),
    };
  });
}

async function sidesOf(settings: VersusSettings): Promise<SideCommand[]> {
  const { folder } = settings;
  const model = (await findModel('smollm2-135m-instruct', { folder })).path;
  const peft = (name: string, precision: string, logits: string) =>
    theirs(settings, name, 'peft_step.py', [model, path.join(folder, 'step.jsonl'), precision, logits]);
  return [
    ours(settings, OURS, 'step-side'),
    peft('PEFT f32', 'float32', 'all'),
    peft('PEFT f32, answers only', 'float32', 'answers'),
    peft('PEFT bf16', 'bfloat16', 'all'),
    peft('PEFT bf16, answers only', 'bfloat16', 'answers'),
    ours(settings, 'ours bf16', 'step-side', ['--precision', 'bf16']),
  ];
}

async function measure(sides: readonly Side[], rounds: number): Promise<StepFigures[]> {
  const turns = sides.map((side) => ({
    name: side.name,
    take: async () => ({
      steps: await side.ask<StepAnswer>({ steps: STEPS_A_TURN }),
      products: await side.ask<{ seconds: number[] }>({ products: PRODUCTS_A_TURN }),
    }),
  }));
  return [...(await takeTurns(turns, rounds))].map(([name, answers]) => ({
    name,
    seconds: answers.flatMap(({ steps }) => steps.seconds),
    losses: answers[0].steps.losses,
    peak: answers[answers.length - 1].steps.peak,
    products: name === 'ours bf16' ? [] : answers.flatMap(({ products }) => products.seconds),
  }));
}

/** 10^9 operations a second of the fastest side's 1024^3 products, median, in a precision: the limit that all are held against. */
export function productRate(figures: readonly StepFigures[], precision: 'f32' | 'bf16'): number {
  const rates = figures
    .filter(({ name, products }) => name.includes(precision) && products.length > 0)
    .map(({ products }) => (2 * 1024 ** 3) / median(products) / 1e9);
  return Math.max(...rates);
}

/**
 * The table's rows. `share` is the time that the step's operations would take at the rate of a large product in its precision, over
 * the time that the step takes.
 */
export function stepRows(figures: readonly StepFigures[], operations: number): object[] {
  const unit = median(figures[0].seconds);
  return figures.map(({ name, seconds, peak }) => {
    const precision = name.includes('bf16') ? 'bf16' : 'f32';
    const rate = productRate(figures, precision);
    return {
      side: name,
      ...spread(seconds),
      'x ours': rounded(median(seconds) / unit),
      'tokens/s': Math.round((WORK.rows * WORK.length) / median(seconds)),
      'product GFLOPS': Math.round(rate),
      share: rounded(operations / 1e9 / rate / median(seconds)),
      'steps MB': megabytes(peak.steps),
      'process MB': megabytes(peak.process),
    };
  });
}

function firstLosses(figures: readonly StepFigures[]): object {
  return Object.fromEntries(figures.map(({ name, losses }) => [name, losses]));
}

/** B = 0 at the start, so the first losses are the model's own, whatever A is. */
export function lossChecks(figures: readonly StepFigures[]): Record<string, boolean> {
  const f32 = figures.filter(({ name }) => name.includes('f32'));
  return Object.fromEntries(
    f32.slice(1).map(({ name, losses }) => {
      const difference = largestDifference([losses[0]], [f32[0].losses[0]]);
      return [`first loss of ${name}: ${difference.toExponential(1)} from ours`, difference <= TOLERANCE];
    }),
  );
}
