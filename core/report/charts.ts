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
const [WIDTH, HEIGHT, PANEL] = [900, 420, 280];
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

/** Lines of the same series one below the other, each with an axis of its own, as SVG. */
export function panelChart(panels: readonly SeriesChart[]): Promise<string> {
  const bottom = legendHeight(panels[0].series.length);
  const height = PANEL * panels.length + bottom;
  return svg(
    {
      title: panels.map(({ title }, k) => ({
        text: title,
        left: 'center',
        top: PANEL * k + 4,
        textStyle: { fontSize: 14 },
      })),
      legend: LEGEND,
      grid: panels.map((_, k) => ({ top: PANEL * k + 36, height: PANEL - 92, left: 70, right: 30 })),
      xAxis: panels.map((panel, k) => ({ ...xAxis(panel), gridIndex: k })),
      yAxis: panels.map((panel, k) => ({ ...yAxis(panel), gridIndex: k, scale: true })),
      series: panels.flatMap((panel, k) =>
        seriesOf(panel, 'line').map((one) => ({ ...one, xAxisIndex: k, yAxisIndex: k })),
      ),
    },
    height,
  );
}

function seriesChart(chart: SeriesChart, type: 'line' | 'bar'): Promise<string> {
  const bottom = legendHeight(chart.series.length);
  const option = {
    title: { text: chart.title, left: 'center' },
    legend: LEGEND,
    grid: { top: 50, bottom: 56 + bottom, left: 70, right: 30 },
    xAxis: xAxis(chart),
    yAxis: yAxis(chart),
    series: seriesOf(chart, type),
  };
  return svg(option, HEIGHT + bottom);
}

const LEGEND = { bottom: 4, itemGap: 36, itemWidth: 24, textStyle: { fontSize: 11 } };

function legendHeight(series: number): number {
  return 24 * Math.ceil(series / 3);
}

function xAxis({ x, labels }: SeriesChart): object {
  const rotate = labels.length > 4 && labels.some((label) => label.length > 8) ? 15 : 0;
  const axisLabel = { interval: labels.length > 40 ? 'auto' : 0, rotate };
  return { type: 'category', name: x, nameLocation: 'middle', nameGap: rotate ? 40 : 26, data: [...labels], axisLabel };
}

function yAxis({ y }: SeriesChart): object {
  return { type: 'value', name: y, nameLocation: 'middle', nameGap: 44 };
}

/** Told apart by mark and dash as well, so that curves which coincide are seen. */
function seriesOf({ series }: SeriesChart, type: 'line' | 'bar'): object[] {
  const marks = ['circle', 'rect', 'triangle', 'diamond'];
  const dashes = ['solid', 'dashed', 'dotted'];
  return series.map(({ name, values }, k) => ({
    ...{ type, name, data: values.map(finite), symbol: marks[k % marks.length], symbolSize: 12 - 2 * (k % 4) },
    lineStyle: { type: dashes[k % dashes.length] },
  }));
}

/** A value that can be drawn; null leaves its place empty. */
function finite(value: number | null): number | null {
  return Number.isFinite(value) ? value : null;
}

/** Named points in a plane; a line joins those that are marked, from left to right. */
export interface PointChart {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly points: readonly {
    readonly name: string;
    readonly x: number;
    readonly y: number;
    readonly marked: boolean;
  }[];
}

/** Points with their names as SVG. */
export function pointChart({ title, x, y, points }: PointChart): Promise<string> {
  const axis = (name: string, gap: number) => ({
    type: 'value',
    scale: true,
    name,
    nameLocation: 'middle',
    nameGap: gap,
  });
  const ordered = points.toSorted((a, b) => a.x - b.x);
  const data = (some: typeof points) => some.map((point) => ({ name: point.name, value: [point.x, point.y] }));
  const label = { show: true, position: 'top', formatter: '{b}', fontSize: 11 };
  const marked = data(ordered.filter((point) => point.marked));
  return svg({
    title: { text: title, left: 'center' },
    grid: { top: 50, bottom: 56, left: 70, right: 90 },
    ...{ xAxis: axis(x, 30), yAxis: axis(y, 44) },
    series: [
      { type: 'line', data: marked, label, symbol: 'circle', symbolSize: 10 },
      {
        type: 'line',
        data: data(ordered.filter((point) => !point.marked)),
        label,
        symbol: 'emptyCircle',
        symbolSize: 8,
        lineStyle: { opacity: 0 },
      },
    ],
  });
}

/** Draws without a screen, equal charts alike; the library is loaded when a picture is asked for. */
async function svg(option: EChartsCoreOption, height = HEIGHT): Promise<string> {
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
  const chart = core.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  chart.setOption({ animation: false, backgroundColor: '#ffffff', textStyle: TEXT, ...option });
  const drawn = chart.renderToSVGString();
  chart.dispose();
  return titled(renumbered(drawn), [option.title].flat() as readonly { readonly text: string }[]);
}

/** The same with the titles as text for those who do not see it. */
function titled(drawn: string, titles: readonly { readonly text: string }[]): string {
  const escaped = titles.map(({ text }) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')).join(', ');
  return drawn.replace('>', `><title>${escaped}</title>`);
}

/** The same without rules for a pointer, and with names counted from 0: the library counts on over all that a process draws. */
function renumbered(drawn: string): string {
  const names = new Map<string, string>();
  const still = drawn.replace(/<style[\s\S]*?<\/style>/g, '').replace(/ class="[^"]*"/g, '');
  return still.replace(/\bzr\d+-(\w+)-?\d+\b/g, (name, kind) => {
    const known = names.get(name) ?? `${kind}-${names.size}`;
    names.set(name, known);
    return known;
  });
}
