import Table from 'cli-table3';
import type { PhaseSummary, ProfileSummary, StepSummary } from './summary.js';
import type { OperationTally, PluginTally, Tallies } from './tallies.js';

/** Rows of the table by operation; what is beyond them is in the summary's file. */
const MOST_OPERATIONS = 12;

/** A profile's summary as text: the parts of the run, then the last task's typical step by operation and by plugin. */
export function profileText({ phases, typicalSteps, steps, complete }: ProfileSummary): string {
  const step = typicalSteps.at(-1);
  return [
    `where the time goes (of each task ${steps} optimizer steps, of other parts ${steps} runs of the model):`,
    phaseTable(phases),
    ...(complete ? [] : ['recording ended early: the profile had become too long']),
    ...(step ? [stepLine(step), operationTable(step), pluginTable(step)] : []),
  ].join('\n');
}

function phaseTable(phases: readonly PhaseSummary[]): string {
  const head = ['part', 'count', 'ms in all', 'ms recorded', 'products', 'other operations', 'outside', 'GFLOPS'];
  return table(
    head,
    phases.map(({ name, count, wholeMs, ms, products, others, outside }) => [
      ...[name, String(count), milliseconds(wholeMs), milliseconds(ms)],
      ...[percent(products.share), percent(others.share), percent(outside.share)],
      products.count > 0 ? products.gflops.toFixed(0) : '',
    ]),
  );
}

function stepLine({ task, step, ms, products, others, outside }: StepSummary): string {
  const parts = [
    `${percent(products.share)} in ${products.count} products (${products.gflops.toFixed(0)} GFLOPS)`,
    `${percent(others.share)} in ${others.count} other operations`,
    `${percent(outside.share)} outside of operations`,
  ];
  return `a typical step (${step}, task ${task}): ${milliseconds(ms)} ms, ${parts.join(', ')}`;
}

function operationTable({ operations }: Tallies): string {
  const row = ({ name, count, ms, share, bytes, gflops }: OperationTally) => [
    ...[name, String(count), milliseconds(ms), percent(share), mebibytes(bytes)],
    gflops?.toFixed(0) ?? '',
  ];
  return table(
    ['operation', 'count', 'ms', 'of operations', 'MiB', 'GFLOPS'],
    operations.slice(0, MOST_OPERATIONS).map(row),
  );
}

function pluginTable({ plugins }: Tallies): string {
  const row = ({ plugin, operations, ms, share, bytes, hooks }: PluginTally) => [
    ...[plugin, String(operations), milliseconds(ms), percent(share), mebibytes(bytes)],
    hooks.map((one) => `${one.hook} ${milliseconds(one.ms)}`).join(', '),
  ];
  return table(['plugin', 'operations', 'ms', 'of operations', 'MiB', 'ms in its hooks'], plugins.map(row));
}

function table(head: readonly string[], rows: readonly string[][]): string {
  const lines = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
  const made = new Table({ head: [...head], chars: lines, style: { head: [], border: [] } });
  made.push(...rows);
  return made.toString();
}

const milliseconds = (ms: number) => ms.toFixed(1);
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
