/** An event of a Chrome trace. */
export interface TraceEvent {
  readonly name: string;
  readonly cat?: string;
  readonly ph: 'X' | 'C' | 'M';
  readonly ts: number;
  readonly dur: number;
  readonly args: {
    readonly plugin?: string;
    readonly hook?: string;
    readonly inputs?: readonly (readonly number[])[];
    readonly outputs?: readonly (readonly number[])[];
    readonly bytes?: number;
    readonly flops?: number;
  };
}

export const endOf = ({ ts, dur }: TraceEvent) => ts + dur;

export const liesIn = (inner: TraceEvent, outer: TraceEvent) => inner.ts >= outer.ts && endOf(inner) <= endOf(outer);

/** Complete events by what is given of them. */
export function select(events: readonly TraceEvent[], cat: string, name?: string | RegExp): TraceEvent[] {
  const named = (event: TraceEvent) => (name instanceof RegExp ? name.test(event.name) : event.name === name);
  return events.filter((event) => event.ph === 'X' && event.cat === cat && (name === undefined || named(event)));
}

/** Events that overlap with the one that they begin in without lying within it: none in a trace that nests. */
export function misplaced(events: readonly TraceEvent[]): string[] {
  const open: TraceEvent[] = [];
  const found: string[] = [];
  for (const event of events.filter(({ ph }) => ph === 'X')) {
    while (
      open.length > 0 &&
      event.ts >= endOf(open[open.length - 1]) &&
      event.ts + event.dur > endOf(open[open.length - 1])
    )
      open.pop();
    const parent = open.at(-1);
    if (parent && !liesIn(event, parent)) found.push(`${event.name} in ${parent.name}`);
    open.push(event);
  }
  return found;
}
