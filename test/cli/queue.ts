import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe } from 'vitest';
import { program } from './bin.js';

const PORT = 6390 + Number(process.env.VITEST_POOL_ID ?? 0);

/** Of the server that `serveRedis` starts. */
export const url = `redis://127.0.0.1:${PORT}`;

const found = hasRedis();

/** Tests that need a queue; without a redis-server on the PATH they are skipped. */
export function describeWithRedis(name: string, tests: () => void): void {
  const called = found ? name : `${name}: skipped, there is no redis-server (Debian: apt-get install redis-server)`;
  describe.skipIf(!found)(called, { timeout: 100_000 }, tests);
}

/** Runs a server while the tests of a file run. */
export function serveRedis(folder: string): void {
  let server: ChildProcess | undefined;
  const options = ['--port', String(PORT), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
  beforeAll(() => {
    if (found) server = spawn('redis-server', options, { stdio: 'ignore' });
  });
  afterAll(() => void server?.kill());
}

export interface Started {
  readonly process: ChildProcess;
  /** What it has written to the stream asked for so far. */
  said(): string;
  /** Its exit status. */
  readonly exit: Promise<number | null>;
}

/** Starts `palimpsest` in a folder. */
export function started(args: readonly string[], folder: string, stream: 'stdout' | 'stderr' = 'stdout'): Started {
  const child = spawn(process.execPath, [program, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (part: Buffer) => {
      if (name === stream) text += part;
    });
  }
  const exit = once(child, 'close').then(([status]) => status);
  return { process: child, said: () => text, exit };
}

/** A worker with a short lease. */
export function workerIn(folder: string, more: readonly string[] = []): Started {
  return started(['worker', '--redis', url, '--lease', '2', ...more], folder);
}

/** Ends a process as Ctrl-C does, and waits. */
export async function ended({ process, exit }: Started): Promise<void> {
  process.kill('SIGINT');
  await exit;
}

function hasRedis(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
