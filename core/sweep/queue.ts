import type { Job, Queue, QueueEvents, Worker } from 'bullmq';
import { problem } from '../errors.js';
import { packageVersion } from '../version.js';
import { type CellFiles, type CellJob, cellFiles, cellJob } from './job.js';

/** One queue for all sweeps of a Redis server: any worker takes any cell. */
const QUEUE = 'palimpsest-cells';

/** A worker that dies is no fault of its cell: this often another one takes it over. */
const TAKEOVERS = 1000;

/** Seconds for which the server keeps what became of a cell. */
const KEPT = 7 * 24 * 3600;

/** How a cell in the queue ended; `mismatch`: the worker that took it has another grid or config. */
export type CellOutcome = { readonly files: CellFiles } | { readonly failure: string; readonly mismatch: boolean };

/** What is said when the server goes away. */
export const LOST = 'lost the Redis server; waiting for it to come back';

/** The sweep's side of the queue. */
export interface CellQueue {
  /** Puts a cell there, once however often it is called, to be had after `delay` seconds, and waits until some worker has run it. */
  run(job: CellJob, retries: number, delay: number): Promise<CellOutcome>;
  /** Whether any worker waits for cells or runs one. */
  hasWorkers(): Promise<boolean>;
  /** Removes what became of a cell: it has been written, and a sweep to come is to run it anew. */
  forget(job: CellJob): Promise<void>;
  close(): Promise<void>;
}

/** @param lost is called when the server goes away; it is waited for then @throws PalimpsestError QUEUE_UNREACHABLE */
export async function openQueue(url: string, lost: () => void): Promise<CellQueue> {
  const { Queue, QueueEvents } = await bullmq();
  const connections = [await connect(url, lost), await connect(url)];
  const queue: Queue<CellJob> = new Queue(QUEUE, { connection: connections[0] });
  const events: QueueEvents = new QueueEvents(QUEUE, { connection: connections[1] });
  silence(queue, events);
  // Every cell that waits listens to both.
  for (const emitter of [queue, events]) emitter.setMaxListeners(0);
  await events.waitUntilReady();
  return {
    run: async (data, retries, delay) => {
      const job = await added(queue, data, { retries, delay });
      try {
        return { files: cellFiles.parse(await job.waitUntilFinished(events)) };
      } catch (error) {
        const { message } = error as Error;
        return { failure: message, mismatch: message.startsWith('[QUEUE_JOB]') };
      }
    },
    hasWorkers: async () => (await queue.getWorkersCount()) > 0,
    forget: async ({ digest }) => {
      await queue.remove(digest);
    },
    close: async () => {
      await events.close();
      await queue.close();
      for (const connection of connections) connection.disconnect();
    },
  };
}

/** The job of a cell; one that failed before is tried anew. */
async function added(
  queue: Queue<CellJob>,
  data: CellJob,
  { retries, delay }: { retries: number; delay: number },
): Promise<Job<CellJob>> {
  const earlier = await queue.getJob(data.digest);
  if (earlier && (await earlier.isFailed())) await earlier.remove();
  const backoff = { type: 'exponential', delay: 1000 };
  const kept = { age: KEPT };
  return queue.add('cell', data, {
    ...{ jobId: data.digest, attempts: 1 + retries, backoff, delay: 1000 * delay },
    ...{ removeOnComplete: kept, removeOnFail: kept },
  });
}

/** How a worker takes cells from the queue. */
export interface WorkerSettings {
  readonly url: string;
  readonly parallel: number;
  /** A worker that has not been heard of for so long has lost its cells to others, in seconds. */
  readonly lease: number;
  /**
   * Runs a cell; `slot` counts those beside one another from 0. Undefined puts it back: this worker was told to end.
   * @throws RefusedCell for what no other attempt would mend
   */
  work(job: CellJob, slot: number): Promise<CellFiles | undefined>;
  /** Is called when the server goes away; it is waited for then. */
  lost(): void;
}

/** A server's address as it may be shown. */
export function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//');
}

/** A cell that is not to be tried again. */
export class RefusedCell extends Error {}

/** The worker's side of the queue. */
export interface CellWorker {
  /** Waits until there is nothing in the queue, waiting, running or to be tried again. */
  idle(): Promise<void>;
  /** Takes no more cells and waits for those at hand. */
  close(): Promise<void>;
}

/** @throws PalimpsestError QUEUE_UNREACHABLE */
export async function startWorker({ url, parallel, lease, work, lost }: WorkerSettings): Promise<CellWorker> {
  const { DelayedError, Queue, UnrecoverableError, Worker } = await bullmq();
  const connections = [await connect(url, lost), await connect(url)];
  const slots = Array.from({ length: parallel }, (_, slot) => slot);
  const process = async (job: Job, token?: string): Promise<CellFiles> => {
    const slot = slots.shift() as number;
    try {
      const files = await work(readable(job.data), slot);
      if (files) return files;
      await job.moveToDelayed(Date.now(), token);
      throw new DelayedError();
    } catch (error) {
      throw error instanceof RefusedCell ? new UnrecoverableError(error.message) : error;
    } finally {
      slots.push(slot);
    }
  };
  const milliseconds = lease * 1000;
  const worker: Worker = new Worker(QUEUE, process, {
    ...{ connection: connections[0], concurrency: parallel, maxStalledCount: TAKEOVERS },
    ...{ lockDuration: milliseconds, stalledInterval: milliseconds },
  });
  const queue: Queue = new Queue(QUEUE, { connection: connections[1] });
  silence(worker, queue);
  return {
    idle: async () => {
      for (;;) {
        const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized');
        if (Object.values(counts).every((count) => count === 0)) return;
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    },
    close: async () => {
      await worker.close();
      await queue.close();
      for (const connection of connections) connection.disconnect();
    },
  };
}

/** @throws RefusedCell for what another version of Palimpsest has put there */
function readable(data: unknown): CellJob {
  const { data: job, error } = cellJob.safeParse(data);
  if (job) return job;
  const [{ path: place, message }] = error.issues;
  const got = `${place.join('.')}: ${message}`;
  throw new RefusedCell(problem('QUEUE_JOB', { expected: `a cell of Palimpsest ${packageVersion()}`, got }).message);
}

/** @throws PalimpsestError QUEUE_UNREACHABLE */
async function bullmq(): Promise<typeof import('bullmq')> {
  try {
    await import('ioredis');
    return await import('bullmq');
  } catch {
    throw problem('QUEUE_UNREACHABLE', {
      where: '--redis',
      expected: 'the npm packages bullmq and ioredis',
      got: 'none',
      remedy: 'Run `npm install --ignore-scripts bullmq ioredis`.',
    });
  }
}

/** Connections tell of a server that went away, once; BullMQ would print every try to reach it. */
function silence(...emitters: readonly NodeJS.EventEmitter[]): void {
  for (const emitter of emitters) emitter.on('error', () => {});
}

/** A server that is not there at first is given up after ten tries; one that goes away later is waited for. */
async function connect(url: string, lost = () => {}): Promise<import('ioredis').Redis> {
  const { Redis } = await import('ioredis');
  let connected = false;
  const redis = new Redis(url, {
    maxRetriesPerRequest: null,
    lazyConnect: true,
    retryStrategy: (times) => {
      if (connected && times === 1) lost();
      return connected || times <= 10 ? Math.min(200 * times, 5000) : null;
    },
  });
  let refused: string | undefined;
  redis.on('error', ({ message, code }: Error & { code?: string }) => {
    refused = message || code;
  });
  try {
    await redis.connect();
    connected = true;
  } catch (error) {
    redis.disconnect();
    const got = refused ?? (error as Error).message;
    throw problem('QUEUE_UNREACHABLE', { where: withoutPassword(url), got });
  }
  return redis;
}
