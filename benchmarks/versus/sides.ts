import { existsSync } from 'node:fs';
import path from 'node:path';
import type { EngineName } from '../../core/engine/engine.js';
import { Side, type SideCommand } from './protocol.js';

/** What every comparison is told. */
export interface VersusSettings {
  /** benchmarks/, absolute. */
  readonly folder: string;
  readonly engine: EngineName;
  readonly rounds: number;
  /** Rounds of the other side where one takes minutes. */
  readonly slowRounds: number;
  readonly python: string;
  /** Questions of each set of `evaluation`. */
  readonly items: number;
  /** Names of the sets of `evaluation`; none for all. */
  readonly sets: readonly string[];
}

/** The Python of `.venv` in the repository's folder where there is one, else the system's. */
export function defaultPython(folder: string): string {
  const own = path.join(folder, '..', '.venv', 'bin', 'python');
  return existsSync(own) ? own : 'python3';
}

/** Our side: a suite of this folder that serves. */
export function ours(
  { folder, engine }: VersusSettings,
  name: string,
  script: string,
  args: string[] = [],
): SideCommand {
  const run = [path.join(folder, 'run.js'), `versus/${script}`, '--engine', engine];
  return { name, command: process.execPath, args: [...run, ...args] };
}

/** The other side: a Python script of this folder. */
export function theirs({ folder, python }: VersusSettings, name: string, script: string, args: string[]): SideCommand {
  return { name, command: python, args: [path.join(folder, 'versus', script), ...args] };
}

/** Starts the sides one after another, hands them over and ends them whatever happens. */
export async function withSides<R>(
  commands: readonly SideCommand[],
  use: (sides: readonly Side[]) => Promise<R>,
): Promise<R> {
  const sides: Side[] = [];
  try {
    for (const command of commands) {
      process.stderr.write(`${command.name} ...\n`);
      sides.push(await Side.start(command));
    }
    return await use(sides);
  } finally {
    for (const side of sides) await side.stop();
  }
}

/** The sides' greetings by name: versions and threads. */
export function greetings(sides: readonly Side[]): object {
  return Object.fromEntries(sides.map(({ name, greeting }) => [name, greeting]));
}
