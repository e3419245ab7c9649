import { spawn } from 'node:child_process';
import { problem } from '../errors.js';

export interface PythonOptions {
  /** What is being fetched, for the message. */
  readonly what: string;
  /** Folder for the tool's temporary files. */
  readonly scratch?: string;
  /** The code of its errors. */
  readonly code?: 'MODEL_DOWNLOAD' | 'ENGINE_DOWNLOAD';
}

/** Runs `python3` to its end. @throws PalimpsestError with what it said last */
export async function python(args: readonly string[], options: PythonOptions): Promise<void> {
  const { what, code = 'MODEL_DOWNLOAD' } = options;
  const { status, output } = await run(args, options);
  if (status === 0) return;
  if (/No module named pip/.test(output)) {
    const remedy = 'Install pip (Debian: apt-get install python3-pip) and run the command again.';
    throw problem(code, { where: what, expected: 'pip for python3', got: 'none', remedy });
  }
  const got = `exit status ${status}: ${complaint(output)}`;
  throw problem(code, { where: what, expected: `python3 ${args.slice(0, 3).join(' ')} to succeed`, got });
}

/** Why the index could not be reached, else the last error, else the last line. */
function complaint(output: string): string {
  const unreachable = /connection broken by ['"]?\w+\((.*)\)/.exec(output)?.[1];
  if (unreachable) return `the package index cannot be reached: ${unreachable.replace(/^.*>: |'$/g, '')}`;
  const lines = output.trim().split('\n');
  return (lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? '').trim();
}

function run(
  args: readonly string[],
  { what, scratch, code = 'MODEL_DOWNLOAD' }: PythonOptions,
): Promise<{ status: number; output: string }> {
  const env = {
    ...process.env,
    ...(scratch && { TMPDIR: scratch }),
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_NO_INPUT: '1',
    PIP_PROGRESS_BAR: 'off',
    PIP_RETRIES: '2',
    PIP_RESUME_RETRIES: '5',
    PIP_TIMEOUT: '10',
  };
  return new Promise((resolve, reject) => {
    const child = spawn('python3', args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (text: Buffer) => {
      output = (output + text).slice(-8192);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => {
      const remedy = 'Install Python 3 with pip (Debian: apt-get install python3-pip) and run the command again.';
      reject(problem(code, { where: what, expected: 'python3', got: error.message, remedy }));
    });
    child.on('close', (status) => resolve({ status: status ?? 1, output }));
  });
}
