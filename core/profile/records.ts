import type { Operation } from '../engine/watch-operations.js';
import type { SpanName } from '../training/span.js';

/** Whose time it is where no plugin's is: the loss, the optimizer, what the run itself does. */
export const CORE = 'core';

/** Counts and microseconds of what was recorded. */
export interface Totals {
  /** Microseconds in which operations were recorded. */
  recorded: number;
  /** Operations that are matrix products: how many, microseconds, floating-point operations. */
  products: number;
  productTime: number;
  flops: number;
  /** All other operations. */
  others: number;
  otherTime: number;
}

interface Timed {
  /** Microseconds. */
  readonly start: number;
  end: number;
  /** The part of the run that it lies in, the innermost one. */
  readonly within?: PhaseRecord;
}

/** A part of the run. */
export interface PhaseRecord extends Timed {
  readonly kind: 'phase';
  readonly name: SpanName;
  readonly detail?: string;
  totals?: Totals;
}

/** A plugin's hook, a function that it gave away, or the gradient of what it did. */
export interface PluginRecord extends Timed {
  readonly kind: 'plugin';
  readonly plugin: string;
  readonly hook: string;
}

/** The forward or the backward part of a gradient. */
export interface PassRecord extends Timed {
  readonly kind: 'pass';
  readonly name: 'forward' | 'backward';
}

export interface OperationRecord extends Operation {
  readonly kind: 'operation';
  /** Whom it is counted to. */
  readonly plugin: string;
  readonly within?: PhaseRecord;
}

export type SpanRecord = PhaseRecord | PluginRecord | PassRecord;

/** In the order of their starts, what holds others before them. */
export type ProfileRecord = SpanRecord | OperationRecord;

/** Memory at a moment, in bytes. */
export interface MemorySample {
  readonly at: number;
  /** Of all tensors that live. */
  readonly tensors: number;
  /** Of the process. */
  readonly resident: number;
}

/** A recorded profile. */
export interface Profile {
  readonly records: readonly ProfileRecord[];
  readonly samples: readonly MemorySample[];
  /** Whether recording ended early because it had become too long. */
  readonly cut: boolean;
}

export const nothing: Readonly<Totals> = {
  recorded: 0,
  products: 0,
  productTime: 0,
  flops: 0,
  others: 0,
  otherTime: 0,
};

/** What came between two totals. */
export function since(before: Totals, after: Totals): Totals {
  return {
    recorded: after.recorded - before.recorded,
    products: after.products - before.products,
    productTime: after.productTime - before.productTime,
    flops: after.flops - before.flops,
    others: after.others - before.others,
    otherTime: after.otherTime - before.otherTime,
  };
}
