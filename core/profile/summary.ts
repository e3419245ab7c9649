import type { PhaseRecord, Profile, ProfileRecord, Totals } from './records.js';
import { nothing } from './records.js';
import { gflopsOf, inMs, type Tallies, talliesOf } from './tallies.js';

/** A part of a time. */
export interface Part {
  readonly count: number;
  readonly ms: number;
  /** 0-1. */
  readonly share: number;
}

/** A time split into matrix products, other operations, and what lies outside of operations: the three add up to it. */
export interface Split {
  readonly ms: number;
  readonly products: Part & { readonly gflops: number };
  readonly others: Part;
  readonly outside: Omit<Part, 'count'>;
}

/** Parts of the run of one name; the split is of the time in which operations were recorded. */
export interface PhaseSummary extends Split {
  readonly name: string;
  readonly count: number;
  /** From beginning to end, recorded or not. */
  readonly wholeMs: number;
}

export interface StepSummary extends Split {
  readonly task: string;
  /** From 1 over the run. */
  readonly step: number;
}

/** profile-summary.json. */
export interface ProfileSummary extends Tallies {
  readonly engine: string;
  /** Optimizer steps of each task, and runs of the model in any other part, that were recorded at most. */
  readonly steps: number;
  /** False where recording ended early because the profile had become too long. */
  readonly complete: boolean;
  readonly phases: readonly PhaseSummary[];
  readonly recordedSteps: readonly StepSummary[];
  /** Of each task the step of median time, the first one left out where there are more. */
  readonly typicalSteps: readonly (StepSummary & Tallies)[];
}

export function profileSummary(
  { records, cut }: Profile,
  { steps, engine }: { readonly steps: number; readonly engine: string },
): ProfileSummary {
  const phases = records.filter((record) => record.kind === 'phase');
  const recorded = phases.filter(({ name }) => name === 'step');
  const tasks = [...new Set(recorded.map(taskOf))];
  return {
    ...{ engine, steps, complete: !cut },
    phases: [...new Set(phases.map(({ name }) => name))].map((name) => phaseSummary(phases, name)),
    recordedSteps: recorded.map(stepSummary),
    typicalSteps: tasks.map((task) => {
      const typical = typicalOf(recorded.filter((step) => taskOf(step) === task));
      return { ...stepSummary(typical), ...talliesOf(records.filter((record) => liesIn(record, typical))) };
    }),
    ...talliesOf(records),
  };
}

function phaseSummary(phases: readonly PhaseRecord[], name: string): PhaseSummary {
  const own = phases.filter((phase) => phase.name === name);
  const totals = own.reduce((sum, phase) => plus(sum, phase.totals ?? nothing), nothing);
  const wholeMs = inMs(own.reduce((sum, { start, end }) => sum + end - start, 0));
  return { name, count: own.length, wholeMs, ...splitOf(totals) };
}

function stepSummary(step: PhaseRecord): StepSummary {
  return { task: taskOf(step), step: Number(step.detail), ...splitOf(step.totals ?? nothing) };
}

function taskOf({ within }: PhaseRecord): string {
  return within?.detail ?? '';
}

function typicalOf(steps: readonly PhaseRecord[]): PhaseRecord {
  const counted = steps.length > 1 ? steps.slice(1) : steps;
  const byTime = counted.toSorted((a, b) => a.end - a.start - (b.end - b.start));
  return byTime[Math.floor((byTime.length - 1) / 2)];
}

function liesIn(record: ProfileRecord, phase: PhaseRecord): boolean {
  for (let around = record.within; around; around = around.within) if (around === phase) return true;
  return false;
}

function splitOf({ recorded, products, productTime, flops, others, otherTime }: Totals): Split {
  const part = (time: number) => ({ ms: inMs(time), share: time / (recorded || 1) });
  return {
    ms: inMs(recorded),
    products: { count: products, ...part(productTime), gflops: gflopsOf(flops, productTime) },
    others: { count: others, ...part(otherTime) },
    outside: part(recorded - productTime - otherTime),
  };
}

function plus(a: Totals, b: Totals): Totals {
  const sum = { ...a };
  for (const key of Object.keys(sum) as (keyof Totals)[]) sum[key] += b[key];
  return sum;
}
