import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const file = (name: string) => fileURLToPath(new URL(`../../core/cli/${name}`, import.meta.url));
export const program = file('palimpsest.js');

// The first call after a change builds, and says so.
execFileSync(process.execPath, [file('build.js')], { stdio: 'ignore' });

export interface Finished {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  /** The program's file; this repository's by default. */
  readonly program?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs the command line program as a user does, in a process of its own. */
export function palimpsest(
  args: readonly string[],
  folder: string,
  { program: file = program, env = process.env }: Surroundings = {},
): Promise<Finished> {
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...args], { cwd: folder, env }, (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code ?? 1) : 0, stdout, stderr });
    });
  });
}
