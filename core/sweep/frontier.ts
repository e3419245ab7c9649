import { pointChart } from '../report/charts.js';
import { type BenchmarkTable, FRONTIER } from './aggregate.js';

/** Plasticity against retention, a point for each row that has both, as SVG; undefined where fewer than two have. */
export async function frontierChart({ benchmark, rows }: BenchmarkTable): Promise<string | undefined> {
  const points = rows.flatMap(({ label, figures, frontier }) => {
    const [x, y] = [figures[FRONTIER.plasticity], figures[FRONTIER.retention]];
    return x && y ? [{ name: label, x: x.mean, y: y.mean, marked: frontier }] : [];
  });
  if (points.length < 2) return undefined;
  const title = `${benchmark}: what is learnt and what is kept`;
  return pointChart({
    title,
    x: `plasticity (${FRONTIER.plasticity})`,
    y: `retention (${FRONTIER.retention})`,
    points,
  });
}
