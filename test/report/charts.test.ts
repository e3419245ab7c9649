import { describe, expect, it } from 'vitest';
import { barChart, heatMap, lineChart, panelChart, pointChart } from '../../core/report/charts.js';

const series = [
  { name: 'first', values: [0, 0.5] },
  { name: 'second', values: [1, 0.25] },
];
const chart = { title: 'A title', x: 'layer', labels: ['0', '7'], y: 'accuracy', series };

describe('pictures', () => {
  it.each([
    ['a line chart', () => lineChart(chart)],
    ['bars', () => barChart(chart)],
    ['panels', () => panelChart([chart, { ...chart, title: 'Another' }])],
  ])('of %s name the axes, the labels and every series, and hold all they need', async (_, draw) => {
    const svg = await draw();
    expect(svg).toMatch(/^<svg .*<\/svg>$/s);
    for (const text of ['A title', 'layer', 'accuracy', 'first', 'second', '7']) expect(svg).toContain(`>${text}<`);
    expect(svg.replace('http://www.w3.org/2000/svg', '').replace('http://www.w3.org/1999/xlink', '')).not.toMatch(
      /https?:|<script|<image/,
    );
  });

  it('of points name each, and join those that are marked', async () => {
    const points = [
      { name: 'ewc', x: 0.2, y: 0.5, marked: true },
      { name: 'lwf', x: 0.4, y: 0.3, marked: true },
      { name: 'plain', x: 0.3, y: 0.1, marked: false },
    ];
    const svg = await pointChart({ title: 'A title', x: 'learnt', y: 'kept', points });
    for (const text of ['A title', 'learnt', 'kept', 'ewc', 'lwf', 'plain']) expect(svg).toContain(`>${text}<`);
    expect(svg).toMatch(/^<svg .*<\/svg>$/s);
  });

  it('have their titles as text for those who do not see them', async () => {
    expect(await lineChart({ ...chart, title: 'a < b & c' })).toMatch(/^<svg [^>]*><title>a &lt; b &amp; c<\/title>/);
    const panels = await panelChart([chart, { ...chart, title: 'Another' }]);
    expect(panels).toMatch(/^<svg [^>]*><title>A title, Another<\/title>/);
  });

  it('of equal values are equal, whatever was drawn before, and leave out what is no number', async () => {
    expect(await lineChart(chart)).toBe(await lineChart(chart));
    const odd = await lineChart({ ...chart, series: [{ name: 'first', values: [Number.NaN, null] }] });
    expect(odd).not.toContain('NaN');
    expect(await heatMap({ title: 'x', rows: 'r', columns: 'c', values: [[Number.NaN, 1]] })).not.toContain('NaN');
  });

  it('of a heat map have a cell for every value, white at zero and red at the largest one', async () => {
    const svg = await heatMap({
      title: 'Effects',
      rows: 'head',
      columns: 'layer',
      values: [
        [0, 1],
        [0.5, -1],
        [0, 0],
      ],
    });
    const fills = [...svg.matchAll(/<path d="[^"]*" fill="(rgb\([^)]*\)|#[0-9a-f]{6})"/g)].map(([, fill]) => fill);
    const red = fills.filter((fill) => fill === 'rgb(178,24,43)');
    const white = fills.filter((fill) => fill === 'rgb(247,247,247)');
    expect([red.length, white.length]).toEqual([1, 3]);
  });
});
