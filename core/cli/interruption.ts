import { INTERRUPTED } from '../exit-status.js';
import { runStateOf } from '../run/resumed-run.js';
import { RunDirectory } from '../run/run-directory.js';

/** While a run works, Ctrl-C ends the program after the step at hand, and says how to go on once the run has begun. */
export async function interruptible<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const end = () => {
    if (runStateOf(new RunDirectory(folder)) === 'begun') {
      process.stderr.write(`\ninterrupted; go on with: palimpsest run --resume ${folder}\n`);
    }
    process.exit(INTERRUPTED);
  };
  process.once('SIGINT', end);
  try {
    return await work();
  } finally {
    process.removeListener('SIGINT', end);
  }
}

/** Gives work a signal that Ctrl-C aborts. */
export async function stoppable<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.once('SIGINT', stop);
  try {
    return await work(stopping.signal);
  } finally {
    process.removeListener('SIGINT', stop);
  }
}
