import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type PalimpsestError, problem } from '../errors.js';
import type { TrialValues } from './search-file.js';
import type { SearchSettings, SearchSpace } from './search-schema.js';

/** The version of Optuna that the tests run with. */
export const OPTUNA = '5.0.0';

/** Values that a sampler would have tried. */
export interface Suggestion {
  readonly number: number;
  readonly values: TrialValues;
}

/** A sampler of Optuna in a process of its own. The same search, told the same, asks for the same. */
export interface Suggester {
  /** Of Optuna. */
  readonly version: string;
  /** @throws PalimpsestError SEARCH_LIBRARY */
  ask(): Promise<Suggestion>;
  /** @param value null for a trial that failed @throws PalimpsestError SEARCH_LIBRARY */
  tell(number: number, value: number | null): Promise<void>;
  close(): void;
}

const started = z.union([z.strictObject({ optuna: z.string() }), z.strictObject({ missing: z.string() })]);
const asked = z.strictObject({ number: z.number().int(), values: z.record(z.string(), z.number()) });

/** @param python the program that has Optuna @throws PalimpsestError SEARCH_LIBRARY */
export async function startSuggester(python: string, settings: SearchSettings): Promise<Suggester> {
  const { sampler, seed, maximize, space } = settings;
  const { exchange, close } = openProcess(python);
  const search = { sampler, seed, maximize: maximize !== undefined, space: spaceFor(space) };
  const answer = await begun(exchange(search), close);
  if ('missing' in answer) {
    close();
    throw unusable(python, answer.missing);
  }
  return {
    version: answer.optuna,
    ask: async () => {
      const { number, values } = asked.parse(await exchange({ ask: true }));
      return { number, values: valuesOf(values, space) };
    },
    tell: async (number, value) => {
      await exchange({ tell: number, value });
    },
    close,
  };
}

/** What a process answers first; one that answers anything else is ended. @throws PalimpsestError SEARCH_LIBRARY */
async function begun(first: Promise<unknown>, close: () => void): Promise<z.infer<typeof started>> {
  try {
    return started.safeParse(await first).data ?? { missing: 'a program that is no Python' };
  } catch (error) {
    close();
    throw error;
  }
}

/** A space as the process takes it: of listed values their count. */
function spaceFor(space: SearchSpace): Record<string, unknown> {
  const entries = Object.entries(space);
  return Object.fromEntries(
    entries.map(([option, entry]) => [option, Array.isArray(entry) ? { choices: entry.length } : entry]),
  );
}

function valuesOf(suggested: Readonly<Record<string, number>>, space: SearchSpace): TrialValues {
  const entries = Object.entries(space);
  return Object.fromEntries(
    entries.map(([option, entry]) => {
      const value = suggested[option];
      return [option, Array.isArray(entry) ? entry[value] : value];
    }),
  );
}

interface LineProcess {
  /** Writes a line and waits for the answer. @throws PalimpsestError SEARCH_LIBRARY */
  exchange(request: unknown): Promise<unknown>;
  close(): void;
}

function openProcess(python: string): LineProcess {
  const child = spawn(python, [fileURLToPath(new URL('suggest.py', import.meta.url))]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let said = '';
  child.stderr.on('data', (text: Buffer) => {
    said = (said + text).slice(-8192);
  });
  const ended = new Promise<undefined>((resolve) => {
    child.once('error', (error) => {
      said = error.message;
      resolve(undefined);
    });
    child.once('close', () => resolve(undefined));
  });
  child.stdin.on('error', () => {});
  return {
    exchange: async (request) => {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const line = await Promise.race([lines.next().then(({ value }) => value), ended]);
      const answer = line === undefined ? undefined : parsed(line);
      if (answer !== undefined) return answer;
      if (line !== undefined) throw unusable(python, line);
      await ended;
      throw unusable(python, said.trim().split('\n').at(-1) || 'a process that ended');
    },
    close: () => {
      child.stdin.end();
      child.kill();
    },
  };
}

/** Undefined where it is no JSON. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function unusable(python: string, got: string): PalimpsestError {
  return problem('SEARCH_LIBRARY', {
    where: `--python ${python}`,
    expected: `Python 3 with Optuna ${OPTUNA}`,
    got,
    remedy: `Name a Python that is there with --python; \`PYTHON -m pip install optuna==${OPTUNA}\` installs it.`,
  });
}
