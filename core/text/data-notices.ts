import type { TextExample } from '../contracts/benchmark.js';
import { overlapping, shareOf } from './overlap.js';
import { unseen } from './samples.js';

/** Which option asks for samples, and of which task or set. */
export interface Asking {
  readonly option: string;
  readonly of: string;
}

/** Which part of which task samples are. */
export interface SamplePart {
  readonly part: string;
  readonly of: string;
}

/** What a user should know of a benchmark's data, gathered while they are read. */
export class DataNotices {
  private readonly noted: string[] = [];
  /** By option and number: tasks and sets that have fewer. */
  private readonly fewer = new Map<string, string[]>();

  /** What was noted, in its order, then a line for each option that asks for more than there is. */
  lines(): string[] {
    return [...this.noted, ...Array.from(this.fewer, ([asked, there]) => `${asked}: ${there.join(', ')}`)];
  }

  /** Notes a line. */
  note(line: string): void {
    this.noted.push(line);
  }

  /** How many samples are taken of those that are there: as many as an option asks for, all without one. Notes where there are fewer. */
  atMost(asked: number | undefined, there: number, { option, of }: Asking): number {
    if (asked === undefined || asked <= there) return asked ?? there;
    const key = `${option} asks for ${asked}`;
    this.fewer.set(key, [...(this.fewer.get(key) ?? []), `${of} has ${there}`]);
    return there;
  }

  /** The first samples of a list, as many as `atMost` tells. */
  first<T>(asked: number | undefined, samples: readonly T[], asking: Asking): T[] {
    return samples.slice(0, this.atMost(asked, samples.length, asking));
  }

  /**
   * The samples whose prompts no other part has; undefined where none is left. Notes how many are left out.
   * @param others by their names
   */
  unseen(
    samples: readonly TextExample[],
    others: Readonly<Record<string, readonly TextExample[]>>,
    { part, of }: SamplePart,
  ): TextExample[] | undefined {
    const left = unseen(samples, ...Object.values(others));
    const count = left?.length ?? 0;
    if (count < samples.length) {
      const holders = Object.keys(others).filter((name) => overlapping(samples, others[name]).length > 0);
      const share = shareOf(samples.length - count, samples.length, `records of ${part}`);
      const rest = count === 0 ? 'none is' : count === 1 ? '1 is' : `${count} are`;
      this.noted.push(`${of}: ${share} in ${holders.join(' or ')} as well; ${rest} left for validation`);
    }
    return left;
  }
}
