import type { OperationRecord, PluginRecord, ProfileRecord } from './records.js';

/** Operations of one name, the costliest first in a list. */
export interface OperationTally {
  readonly name: string;
  readonly count: number;
  readonly ms: number;
  /** Of the time of all operations, 0-1. */
  readonly share: number;
  readonly bytes: number;
  /** Of matrix products: floating-point operations, and billions of them a second. */
  readonly flops?: number;
  readonly gflops?: number;
}

/** Operations that are counted to one plugin, and its hooks. */
export interface PluginTally {
  readonly plugin: string;
  readonly operations: number;
  readonly ms: number;
  readonly share: number;
  readonly bytes: number;
  /** Wall time of its hooks with all that they call. */
  readonly hooks: readonly { readonly hook: string; readonly calls: number; readonly ms: number }[];
}

export interface Tallies {
  readonly operations: readonly OperationTally[];
  readonly plugins: readonly PluginTally[];
}

export const inMs = (time: number) => time / 1000;

/** Billions of operations a second. @param time microseconds */
export const gflopsOf = (flops: number, time: number) => (time > 0 ? flops / time / 1000 : 0);

/** Adds up records by operation and by plugin. */
export function talliesOf(records: readonly ProfileRecord[]): Tallies {
  const operations = records.filter((record) => record.kind === 'operation');
  const hooks = records.filter((record) => record.kind === 'plugin');
  const whole = timeOf(operations);
  return {
    operations: costliestFirst(
      [...grouped(operations, ({ name }) => name)].map((group) => operationTally(group, whole)),
    ),
    plugins: pluginTallies(operations, hooks, whole),
  };
}

function operationTally([name, some]: Group<OperationRecord>, whole: number): OperationTally {
  const time = timeOf(some);
  const isProduct = some.some(({ flops }) => flops !== undefined);
  const flops = some.reduce((sum, one) => sum + (one.flops ?? 0), 0);
  return {
    ...{ name, count: some.length, ms: inMs(time), share: time / (whole || 1), bytes: bytesOf(some) },
    ...(isProduct ? { flops, gflops: gflopsOf(flops, time) } : {}),
  };
}

function pluginTallies(
  operations: readonly OperationRecord[],
  hooks: readonly PluginRecord[],
  whole: number,
): PluginTally[] {
  const byOwner = new Map(grouped(operations, ({ plugin }) => plugin));
  const hooksByOwner = new Map(grouped(hooks, ({ plugin }) => plugin));
  const names = [...new Set([...byOwner.keys(), ...hooksByOwner.keys()])];
  return costliestFirst(
    names.map((plugin) => {
      const own = byOwner.get(plugin) ?? [];
      const byHook = grouped(hooksByOwner.get(plugin) ?? [], ({ hook }) => hook);
      const time = timeOf(own);
      return {
        ...{ plugin, operations: own.length, ms: inMs(time), share: time / (whole || 1), bytes: bytesOf(own) },
        hooks: costliestFirst(byHook.map(([hook, some]) => ({ hook, calls: some.length, ms: inMs(timeOf(some)) }))),
      };
    }),
  );
}

type Group<R> = readonly [name: string, records: readonly R[]];

function grouped<R>(records: readonly R[], by: (record: R) => string): Group<R>[] {
  const groups = new Map<string, R[]>();
  for (const record of records) {
    const group = groups.get(by(record));
    if (group) group.push(record);
    else groups.set(by(record), [record]);
  }
  return [...groups];
}

function timeOf(records: readonly { start: number; end: number }[]): number {
  return records.reduce((sum, { start, end }) => sum + end - start, 0);
}

function bytesOf(records: readonly OperationRecord[]): number {
  return records.reduce((sum, { bytes }) => sum + bytes, 0);
}

function costliestFirst<T extends { readonly ms: number }>(some: readonly T[]): T[] {
  return some.toSorted((a, b) => b.ms - a.ms);
}
