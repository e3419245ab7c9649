import type { ConfigPath } from '../config/config-file.js';
import { didYouMean } from '../config/nearest.js';
import type { Override } from '../config/overrides.js';
import { problem } from '../errors.js';
import { axes, type Cell } from './cell.js';
import { assertFigure, gainNames } from './figures.js';
import type { CellLabels, GridConfig } from './grid-schema.js';

/** File and line of a place in the grid. */
type Where = (place: ConfigPath) => string;

const remedy = 'Change it; docs/commands/sweep.md has the form of a grid.';

/** @throws PalimpsestError CONFIG_VALUE for a name that is none of its axis */
export function refuseUnknownNames(config: GridConfig, where: Where): void {
  const { seeds, cells, except } = config;
  const labelled = (key: string, some: readonly CellLabels[]) =>
    some.flatMap((labels, i) => axes.map((axis) => ({ axis, name: labels[axis], place: [key, i, axis] })));
  const bySeed = (Array.isArray(seeds) ? [] : Object.keys(seeds)).map((name) => {
    return { axis: 'benchmark' as const, name, place: ['seeds', name] };
  });
  for (const { axis, name, place } of [...bySeed, ...labelled('cells', cells), ...labelled('except', except)]) {
    const known = Object.keys(config[axis]);
    if (name === undefined || known.includes(name)) continue;
    const expected = `a name from \`${axis}\`: ${known.join(', ')}`;
    const got = `${name}${didYouMean(name, known)}`;
    throw problem('CONFIG_VALUE', { where: where(place), expected, got, remedy });
  }
}

/** @throws PalimpsestError CONFIG_VALUE for a frontier over a figure that there is none of */
export function refuseUnknownFigures(config: GridConfig, where: Where): void {
  const { plasticity, retention } = config.frontier;
  const named = [
    { figure: plasticity, place: ['frontier', 'plasticity'] },
    ...retention.map((figure, i) => ({ figure, place: ['frontier', 'retention', i] })),
  ];
  for (const { figure, place } of named) assertFigure(figure, gainNames(config), where(place));
}

/**
 * What the grid varies cannot be set from outside: the names of cells would say something else than they are.
 * @throws PalimpsestError USAGE
 */
export function refuseOverriddenAxes(
  { options }: GridConfig,
  overrides: readonly Override[],
  { file, optionsAt }: { readonly file: string; readonly optionsAt: ConfigPath },
): void {
  const varied = ['seed', ...Object.keys(options)];
  for (const { path, name } of overrides) {
    const set = path.join('.');
    const option = varied.find((one) => `${one}.`.startsWith(`${set}.`) || `${set}.`.startsWith(`${one}.`));
    if (option === undefined) continue;
    throw problem('USAGE', {
      ...{ where: name, expected: 'an option that the grid does not vary', got: option },
      remedy: `Change \`${option === 'seed' ? 'seeds' : optionsAt.join('.')}\` in ${file}.`,
    });
  }
}

/** @param place where a part of the grid stands @throws PalimpsestError CONFIG_VALUE for cells of one name */
export function refuseEqualIds(
  cells: readonly Cell[],
  { seeds }: GridConfig,
  { optionsAt, place }: { readonly optionsAt: ConfigPath; readonly place: Where },
): void {
  const ids = cells.map(({ id }) => id.toLowerCase());
  const at = ids.findIndex((id, i) => ids.indexOf(id) < i);
  if (at < 0) return;
  const [one, other] = [cells[ids.indexOf(ids[at])], cells[at]];
  const axis = axes.find((name) => one[name] !== other[name]);
  const own = Array.isArray(seeds) ? seeds : seeds[one.benchmark];
  const where = place(axis ? [axis] : new Set(own).size < own.length ? ['seeds'] : optionsAt);
  throw problem('CONFIG_VALUE', {
    where,
    expected: 'cells of different names',
    got: `two called ${other.id}`,
    remedy,
  });
}
