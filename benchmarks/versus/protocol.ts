import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** What a side says when it is ready: the versions of what it runs on. */
export type Greeting = Readonly<Record<string, unknown>>;

/** How a side is started. */
export interface SideCommand {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * One side of a comparison, in a process of its own: it greets with a line of JSON when it is ready, then answers each line of
 * JSON on its standard input by one on its standard output.
 */
export class Side {
  private constructor(
    readonly name: string,
    private readonly child: ChildProcess,
    private readonly lines: AsyncIterator<string>,
    readonly greeting: Greeting,
  ) {}

  /** Starts the process and waits for its greeting. @throws Error where it ends before */
  static async start({ name, command, args }: SideCommand): Promise<Side> {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const failed = new Promise<never>((_, reject) => {
      child.once('error', ({ message }) =>
        reject(new Error(`${name}: ${command} cannot be started (${message}); see benchmarks/README.md`)),
      );
    });
    child.stdin.on('error', () => {}); // a side that has ended is told of by the end of its output
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    try {
      return new Side(name, child, lines, await Promise.race([nextAnswer(name, lines), failed]));
    } catch (error) {
      child.kill();
      throw error;
    }
  }

  /** @throws Error where the process ends instead, or prints anything but a JSON object */
  ask<A extends object>(request: object): Promise<A> {
    this.child.stdin?.write(`${JSON.stringify(request)}\n`);
    return nextAnswer(this.name, this.lines) as Promise<A>;
  }

  /** Closes the side's input, which ends it, and waits until its memory is free. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.stdin?.end();
    await gone;
  }
}

async function nextAnswer(name: string, lines: AsyncIterator<string>): Promise<Record<string, unknown>> {
  const { value, done } = await lines.next();
  if (done) throw new Error(`${name} ended before it answered; what it said stands above`);
  return parseAnswer(name, value);
}

/** The JSON object of an answer's line. @throws Error for anything else, quoting the line */
export function parseAnswer(name: string, line: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    value = undefined;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Error(
    `${name} should answer by a line with a JSON object, and printed ${JSON.stringify(line.slice(0, 200))}`,
  );
}

/** Our end of the protocol: greets, then answers every line of standard input until it is closed. */
export async function serve<Q>(greeting: object, answer: (request: Q) => object | Promise<object>): Promise<void> {
  const say = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);
  say(greeting);
  for await (const line of createInterface({ input: process.stdin })) say(await answer(JSON.parse(line) as Q));
}
