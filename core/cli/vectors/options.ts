import type { Command } from 'commander';
import type { EngineName } from '../../engine/engine.js';
import { oneOf, wholeNumber } from '../model-options.js';

/** Options of every command about vectors. */
export interface VectorOptions {
  readonly model: string;
  readonly adapter: readonly string[];
  readonly engine: EngineName;
  readonly seed: number;
  readonly out?: string;
}

/** Options of those that read tasks. */
export interface TaskOptions extends VectorOptions {
  readonly data: readonly string[];
  readonly instruction?: string;
  readonly shots: number;
  readonly promptTokens: number;
}

/** Options of those that ask for items. */
export interface QueryOptions {
  readonly queries: number;
}

/** Options of those that measure mean activations. */
export interface MeasureOptions extends TaskOptions {
  readonly clean: number;
  readonly demonstrationSets: number;
  readonly minCorrect: number;
}

/** Options of those that trace heads. */
export interface TraceOptions extends MeasureOptions {
  readonly trials: number;
  readonly effect: 'probability' | 'log-probability';
  readonly answer: 'first-token' | 'whole';
  readonly top: number;
}

/** Adds --model, --adapter, --engine, --seed and --out. */
export function addModelChoice(command: Command, out: string): Command {
  return command
    .requiredOption('--model <model>', 'path, hub id (owner/name) or known name')
    .option('--adapter <folder...>', 'PEFT LoRA directories to add', [])
    .option('--engine <engine>', 'auto, native, wasm or cpu', 'auto')
    .option('--seed <n>', 'of every draw', wholeNumber(0), 1)
    .option('--out <file>', out);
}

/** Adds --data, --instruction, --shots and --prompt-tokens. */
export function addTasks(command: Command): Command {
  return command
    .option('--data <file...>', 'tasks: JSON lists of {"input", "output"}, or JSONL of {"prompt", "answer"}', [])
    .option('--instruction <text>', 'a line before the questions of pairs')
    .option('--shots <n>', 'demonstrations in a prompt', wholeNumber(2), 10)
    .option('--prompt-tokens <n>', 'longest prompt; with more, it has fewer demonstrations', wholeNumber(1), 1024);
}

/** Adds --queries. */
export function addQueries(command: Command): Command {
  return command.option('--queries <n>', 'items of each task that are asked for', wholeNumber(1), 32);
}

/** Adds --clean, --demonstration-sets and --min-correct. */
export function addMeasuring(command: Command): Command {
  return command
    .option('--clean <n>', 'prompts that mean activations are measured with', wholeNumber(1), 40)
    .option('--demonstration-sets <n>', 'draws of demonstrations for them', wholeNumber(1), 4)
    .option('--min-correct <n>', 'with fewer prompts answered right, all of them count', wholeNumber(1), 4);
}

/** Adds --trials, --effect, --answer and --top. @param when they matter, for the help */
export function addTracing(command: Command, when = ''): Command {
  const measures = ['probability', 'log-probability'];
  const parts = ['first-token', 'whole'];
  return command
    .option('--trials <n>', `${when}prompts with shuffled answers, for each task`, wholeNumber(1), 15)
    .option('--effect <measure>', `${when}${measures.join(' or ')}`, oneOf(...measures), 'probability')
    .option('--answer <part>', `${when}${parts.join(' or ')}`, oneOf(...parts), 'first-token')
    .option('--top <n>', `${when}how many heads`, wholeNumber(1), 10);
}
