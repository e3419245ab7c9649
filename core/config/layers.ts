import type { ConfigFile, ConfigPath } from './config-file.js';
import { type MergedConfig, mergeObjects } from './extends.js';

/** Lists of methods, whose order changes no result: those of several layers add up. */
const methodLists = ['regularizers', 'interventions', 'observers'];

/** Layers of a config as one: merged in their order, later ones over earlier ones, but for lists of methods, which are joined. */
export function joinLayers(layers: readonly MergedConfig[]): MergedConfig {
  return layers.reduce(joinTwo, { value: {}, files: [] });
}

function joinTwo(below: MergedConfig, above: MergedConfig): MergedConfig {
  const joined = methodLists.flatMap((name) => {
    const [earlier, later] = [below.value[name], above.value[name]];
    return Array.isArray(earlier) && Array.isArray(later)
      ? [{ name, count: earlier.length, all: [...earlier, ...later] }]
      : [];
  });
  const value = mergeObjects(below.value, above.value);
  for (const { name, all } of joined) value[name] = all;
  const offsets = new Map(joined.map(({ name, count }) => [name, count]));
  return { value, files: [...below.files, ...above.files.map((file) => withOffsets(file, offsets))] };
}

/** A file whose entries stand behind others of the joined list. */
function withOffsets(file: ConfigFile, offsets: ReadonlyMap<string, number>): ConfigFile {
  return { ...file, locate: (path) => locateBehind(file, path, offsets) };
}

function locateBehind(file: ConfigFile, path: ConfigPath, offsets: ReadonlyMap<string, number>): string | undefined {
  const offset = offsets.get(String(path[0]));
  if (offset === undefined || path.length < 2) return file.locate(path);
  const own = Number(path[1]) - offset;
  return own < 0 ? undefined : file.locate([path[0], own, ...path.slice(2)]);
}
