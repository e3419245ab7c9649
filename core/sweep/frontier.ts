import { pointChart } from '../report/charts.js';
import type { BenchmarkTable } from './aggregate.js';

/**
 * Plasticity against a figure of retention, a point for each row that has both, as SVG; undefined where fewer than two have.
 */
export async function frontierChart(
  { benchmark, frontier: { plasticity }, rows }: BenchmarkTable,
  retention: string,
): Promise<string | undefined> {
  const points = rows.flatMap(({ label, figures, frontier }) => {
    const [x, y] = [figures[plasticity], figures[retention]];
    return x && y ? [{ name: label, x: x.mean, y: y.mean, marked: frontier.includes(retention) }] : [];
  });
  if (points.length < 2) return undefined;
  const title = `${benchmark}: what is learnt and what is kept`;
  return pointChart({ title, x: `plasticity (${plasticity})`, y: `retention (${retention})`, points });
}
