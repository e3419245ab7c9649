/*
 * The same work by Palimpsest and by PyTorch, in turn: each side in a process of its own, one busy at a time.
 *
 *     node benchmarks/run.js versus WORK... [--rounds 9] [--python .venv/bin/python] [--engine native] [--slow-rounds 2] [--items 100] [--set NAME]...
 *
 * WORK is step, evaluation, tracing, start, or all. benchmarks/README.md tells how the Python is set up. --slow-rounds bounds the rounds
 * of a PyTorch side that takes a minute or more; --items is the number of questions of each set, --set leaves all other sets out. The figures go to
 * results/versus-<work>-<engine>.json. Exit status 1 where the sides' results do not agree.
 */
import { parseArgs } from 'node:util';
import { type EngineName, useEngine } from '../core/engine/engine.js';
import { writeResult } from './alternating.js';
import { commandOf } from './figures.js';
import { versusEvaluation } from './versus/evaluation.js';
import { defaultPython, type VersusSettings } from './versus/sides.js';
import { versusStart } from './versus/start.js';
import { versusStep } from './versus/step.js';
import { versusTracing } from './versus/tracing.js';

/** What a comparison found. */
export interface VersusResult {
  readonly rows: readonly object[];
  /** Versions of both sides, and what the rows were made of. */
  readonly more: object;
  /** What the sides must agree in, and whether they do. */
  readonly checks: Readonly<Record<string, boolean>>;
}

const works: Readonly<Record<string, (settings: VersusSettings) => Promise<VersusResult>>> = {
  step: versusStep,
  evaluation: versusEvaluation,
  tracing: versusTracing,
  start: versusStart,
};

/** @param folder benchmarks/, absolute */
export async function main(args: string[], folder: string): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      engine: { type: 'string', default: 'native' },
      rounds: { type: 'string', default: '9' },
      'slow-rounds': { type: 'string', default: '2' },
      items: { type: 'string', default: '100' },
      set: { type: 'string', multiple: true, default: [] },
      python: { type: 'string', default: defaultPython(folder) },
    },
  });
  const names = positionals.includes('all') ? Object.keys(works) : positionals;
  const [rounds, slowRounds, items] = [values.rounds, values['slow-rounds'], values.items].map(Number);
  const counted = rounds >= 1 && slowRounds >= 1 && items >= 1 && items <= 200;
  if (names.length === 0 || !names.every((name) => Object.hasOwn(works, name)) || !counted) {
    process.stderr.write(`usage: node benchmarks/run.js versus ${Object.keys(works).join('|')}|all ... [options]\n`);
    process.exitCode = 2;
    return;
  }
  const engine = await useEngine(values.engine as EngineName);
  const settings: VersusSettings = {
    folder,
    engine: engine.name,
    rounds,
    slowRounds,
    items,
    sets: values.set,
    python: values.python,
  };
  for (const name of names) {
    const { rows, more, checks } = await works[name](settings);
    console.table(rows);
    for (const [what, holds] of Object.entries(checks)) console.log(`${holds ? 'agrees' : 'DISAGREES'}: ${what}`);
    if (Object.values(checks).includes(false)) process.exitCode = 1;
    const options = args.filter((arg) => !positionals.includes(arg) || arg.startsWith('-'));
    const command = commandOf('versus', [name, ...options]);
    writeResult(folder, {
      suite: `versus-${name}`,
      engine,
      rounds,
      command,
      rows,
      more: { ...more, checks },
    });
  }
}
