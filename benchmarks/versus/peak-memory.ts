import { readFileSync, writeFileSync } from 'node:fs';

/** Lets the peak of this process's resident memory begin anew from what is resident now (Linux; elsewhere nothing). */
export function resetPeak(): void {
  if (process.platform === 'linux') writeFileSync('/proc/self/clear_refs', '5');
}

/** VmHWM of this process in bytes: its largest resident memory since the last reset; undefined but on Linux. */
export function peakMemory(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

/** The peak of the steps alone, after the first one, and of the whole process. */
export class StepMemory {
  private before?: number;

  /** To be called after the first step. */
  firstStepDone(): void {
    this.before = peakMemory();
    resetPeak();
  }

  /** In bytes. */
  read(): { steps?: number; process?: number } {
    const steps = peakMemory();
    return { steps, process: steps === undefined ? undefined : Math.max(steps, this.before ?? 0) };
  }
}
