import { runStateOf } from '../run/resumed-run.js';
import { RunDirectory } from '../run/run-directory.js';

/** Exit status of a program that Ctrl-C ended. */
const INTERRUPTED = 130;

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
