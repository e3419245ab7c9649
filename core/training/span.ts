/** Parts of a run whose time can be told; `optimizer` is a part of `step`. */
export type SpanName =
  | 'data'
  | 'engine'
  | 'model'
  | 'weights'
  | 'task'
  | 'beforeTask'
  | 'step'
  | 'optimizer'
  | 'afterTask'
  | 'save'
  | 'evaluate'
  | 'set';

/** Runs work as a part of the run; `detail` tells it from others of its name. What work returns or throws comes through. */
export type Span = <T>(name: SpanName, work: () => T, detail?: string) => T;

/** Nobody asks for the time. */
export const untimed: Span = (_, work) => work();
