import type { ContractName } from '../../contracts/plugin.js';
import type { Subject } from '../subject.js';

/** One promise of a contract and how it is put to the test. */
export interface Check<C extends ContractName = ContractName> {
  /** A sentence; docs/conformance.md lists it. */
  readonly promise: string;
  /** @throws Error naming plugin, promise, what was seen and the page that explains it */
  run(subject: Subject<C>): Promise<void>;
}

/** A check whose body throws where the promise is broken, whatever the error. */
export function check<C extends ContractName>(
  section: string,
  promise: string,
  body: (subject: Subject<C>) => void | Promise<void>,
): Check<C> {
  return {
    promise,
    async run(subject) {
      try {
        await body(subject);
      } catch (error) {
        const seen = error instanceof Error ? error.message : String(error);
        const broken = `Plugin "${subject.manifest.name}" breaks the promise "${promise}": ${seen}`;
        throw new Error(`${broken.replace(/\.?$/, '.')} See docs/conformance.md#${section}.`, { cause: error });
      }
    },
  };
}

/** @throws Error with the detail where the condition does not hold */
export function demand(condition: boolean, detail: string): asserts condition {
  if (!condition) throw new Error(detail);
}
