/** Calls `done` when work is over, also where it fails or is a promise. */
export function whenDone<T>(work: () => T, done: () => void): T {
  let result: T;
  try {
    result = work();
  } catch (error) {
    done();
    throw error;
  }
  if (result instanceof Promise) return result.finally(done) as T;
  done();
  return result;
}
