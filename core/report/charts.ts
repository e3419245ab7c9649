import type { EChartsCoreOption } from 'echarts/core';

/** A matrix as coloured cells. */
export interface HeatMap {
  readonly title: string;
  /** What rows and columns are, for example `head` and `layer`. */
  readonly rows: string;
  readonly columns: string;
  /** [columns][rows]. */
  readonly values: readonly (readonly number[])[];
}

/** Values of a few series at labelled places. */
export interface SeriesChart {
  readonly title: string;
  readonly x: string;
  readonly labels: readonly string[];
  readonly y: string;
  readonly series: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
}

/** Size in pixels. */
const [WIDTH, HEIGHT] = [900, 420];
const TEXT = { fontFamily: 'sans-serif' };

/** A heat map as SVG; colours are centred on zero. */
export function heatMap({ title, rows, columns, values }: HeatMap): Promise<string> {
  const cells = values.flatMap((column, x) => column.map((value, y) => [x, y, finite(value)]));
  const most = Math.max(...values.flat().filter(Number.isFinite).map(Math.abs), Number.MIN_VALUE);
  return svg({
    title: { text: title, left: 'center' },
    grid: { top: 50, bottom: 90, left: 60, right: 30 },
    xAxis: { type: 'category', name: columns, nameLocation: 'middle', nameGap: 28, data: values.map((_, x) => `${x}`) },
    yAxis: { type: 'category', name: rows, nameLocation: 'middle', nameGap: 36, data: values[0].map((_, y) => `${y}`) },
    visualMap: {
      ...{ min: -most, max: most, precision: 3, calculable: false, orient: 'horizontal', left: 'center', bottom: 8 },
      text: [most.toPrecision(2), (-most).toPrecision(2)],
      inRange: { color: ['#2166ac', '#f7f7f7', '#b2182b'] },
    },
    series: [{ type: 'heatmap', data: cells }],
  });
}

/** Lines over labelled places as SVG. */
export function lineChart(chart: SeriesChart): Promise<string> {
  return seriesChart(chart, 'line');
}

/** Groups of bars as SVG. */
export function barChart(chart: SeriesChart): Promise<string> {
  return seriesChart(chart, 'bar');
}

function seriesChart({ title, x, labels, y, series }: SeriesChart, type: 'line' | 'bar'): Promise<string> {
  return svg({
    title: { text: title, left: 'center' },
    legend: { bottom: 4, itemGap: 36, itemWidth: 16, textStyle: { fontSize: 11 } },
    grid: { top: 50, bottom: 40 + 24 * Math.ceil(series.length / 4), left: 70, right: 30 },
    xAxis: { type: 'category', name: x, nameLocation: 'middle', nameGap: 24, data: [...labels] },
    yAxis: { type: 'value', name: y, nameLocation: 'middle', nameGap: 44 },
    series: series.map(({ name, values }) => ({ type, name, data: values.map(finite) })),
  });
}

/** A value that can be drawn; null leaves its place empty. */
function finite(value: number | null): number | null {
  return Number.isFinite(value) ? value : null;
}

/** Draws without a screen, equal charts alike; the library is loaded when a picture is asked for. */
async function svg(option: EChartsCoreOption): Promise<string> {
  const [core, charts, components, { SVGRenderer }] = await Promise.all([
    import('echarts/core'),
    import('echarts/charts'),
    import('echarts/components'),
    import('echarts/renderers'),
  ]);
  const { BarChart, HeatmapChart, LineChart } = charts;
  const { GridComponent, LegendComponent, TitleComponent, VisualMapComponent } = components;
  core.use([
    BarChart,
    HeatmapChart,
    LineChart,
    GridComponent,
    LegendComponent,
    TitleComponent,
    VisualMapComponent,
    SVGRenderer,
  ]);
  const chart = core.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT });
  chart.setOption({ animation: false, backgroundColor: '#ffffff', textStyle: TEXT, ...option });
  const drawn = chart.renderToSVGString();
  chart.dispose();
  return renumbered(drawn);
}

/** The same with names counted from 0: the library counts on over all that a process draws. */
function renumbered(drawn: string): string {
  const names = new Map<string, string>();
  return drawn.replace(/\bzr\d+-(\w+)-?\d+\b/g, (name, kind) => {
    const known = names.get(name) ?? `${kind}-${names.size}`;
    names.set(name, known);
    return known;
  });
}
