import type { OperationRecord, Profile, ProfileRecord } from './records.js';

/** Ids that every event bears: one process, one thread. */
const place = { pid: 1, tid: 1 };

/**
 * A profile in the Chrome trace format (Trace Event Format, JSON object form), an event a line, for chrome://tracing and
 * ui.perfetto.dev: complete events (`X`), counters of memory (`C`) and names (`M`). Times are microseconds from the first record on.
 */
export function traceText({ records, samples }: Profile, name: string): string {
  const origin = records[0]?.start ?? 0;
  const events = [
    { name: 'process_name', ph: 'M', ...place, args: { name } },
    { name: 'thread_name', ph: 'M', ...place, args: { name: 'main' } },
    ...records.map((record) => completeEvent(record, origin)),
    ...samples.flatMap(({ at, tensors, resident }) => [
      counter('tensors', at - origin, tensors),
      counter('resident memory', at - origin, resident),
    ]),
  ];
  const lines = events.map((event) => JSON.stringify(event)).join(',\n');
  return `{"displayTimeUnit":"ms","traceEvents":[\n${lines}\n]}\n`;
}

function completeEvent(record: ProfileRecord, origin: number): object {
  const { kind, start, end } = record;
  return {
    name: nameOf(record),
    cat: kind,
    ph: 'X',
    ts: start - origin,
    dur: end - start,
    ...place,
    args: args(record),
  };
}

function nameOf(record: ProfileRecord): string {
  if (record.kind === 'plugin') return `${record.plugin} ${record.hook}`;
  return record.kind === 'phase' && record.detail ? `${record.name} ${record.detail}` : record.name;
}

function args(record: ProfileRecord): object {
  if (record.kind === 'plugin') return { plugin: record.plugin, hook: record.hook };
  return record.kind === 'operation' ? operationArgs(record) : {};
}

function operationArgs({ plugin, inputs, outputs, bytes, flops, start, end }: OperationRecord): object {
  const speed = flops && end > start ? { gflops: round(flops / (end - start) / 1000) } : {};
  return { plugin, inputs, outputs, bytes, ...(flops === undefined ? {} : { flops }), ...speed };
}

function counter(name: string, ts: number, bytes: number): object {
  return { name, ph: 'C', ts, ...place, args: { bytes } };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
