import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import os from 'node:os';
import { INTERRUPTED, REFUSED } from '../exit-status.js';

/** What a cell's process is started with. */
export interface CellCommand {
  /** Arguments of `palimpsest` that run the cell and nothing else. */
  readonly args: readonly string[];
  /** File that what it writes is added to. */
  readonly log: string;
  /** Number of a GPU that it may see, and no other. */
  readonly gpu?: string;
  /** Processes beside one another on this machine, this one counted. */
  readonly beside: number;
}

/** How a cell's process ended. */
export interface CellEnd {
  readonly ended: 'done' | 'refused' | 'failed' | 'interrupted';
  readonly seconds: number;
  /** What it said last, and its log, where it did not end well. */
  readonly message?: string;
}

/**
 * Runs a cell in a process of its own. The process ends with this one, whatever ends it: the channel between
 * them closes then. @param signal ends it after the step at hand
 */
export function runCellProcess({ args, log, gpu, beside }: CellCommand, signal?: AbortSignal): Promise<CellEnd> {
  if (signal?.aborted) return Promise.resolve({ ended: 'interrupted', seconds: 0 });
  const started = performance.now();
  const output = openSync(log, 'a');
  const before = fstatSync(output).size;
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1], ...args], {
    stdio: ['ignore', output, output, 'ipc'],
    env: { ...process.env, ...threadsOf(beside), ...(gpu === undefined ? {} : { CUDA_VISIBLE_DEVICES: gpu }) },
  });
  closeSync(output);
  const stop = () => child.kill('SIGINT');
  signal?.addEventListener('abort', stop);
  return new Promise((resolve) => {
    let over = false;
    const end = (ended: CellEnd['ended'], message?: string) => {
      if (over) return;
      over = true;
      signal?.removeEventListener('abort', stop);
      resolve({ ended, seconds: (performance.now() - started) / 1000, message });
    };
    child.once('error', (error) => end('failed', error.message));
    child.once('exit', (status, killed) => {
      if (status === 0) return end('done');
      if (status === INTERRUPTED || signal?.aborted) return end('interrupted');
      const message = killed
        ? `killed by ${killed} (${log})`
        : (lastWord(log, before) ?? `exit status ${status} (${log})`);
      end(status === REFUSED ? 'refused' : 'failed', message);
    });
  });
}

/** Each of several processes gets its share of the processors; one alone takes what it likes. */
function threadsOf(beside: number): Record<string, string> {
  if (beside === 1 || process.env.TF_NUM_INTRAOP_THREADS) return {};
  return { TF_NUM_INTRAOP_THREADS: String(Math.max(1, Math.floor(os.availableParallelism() / beside))) };
}

/** What a process said last, after what the log held before: not the lines of a stack, nor Node's own on its version. */
function lastWord(log: string, before: number): string | undefined {
  const lines = readFileSync(log).subarray(before).toString('utf8').split('\n');
  const said = lines.findLast((line) => /^\S/.test(line) && !/^[{}]|^Node\.js v/.test(line));
  return said && `${said.trim()} (${log})`;
}

/** Where another process runs this one as a cell: ends it when that one is gone. */
export function endWithParent(): void {
  const end = () => process.exit(INTERRUPTED);
  if (process.connected === false) end();
  process.once('disconnect', end);
  process.channel?.unref();
}
