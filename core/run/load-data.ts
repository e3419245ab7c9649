import type { LoadedConfig } from '../config/load.js';
import type { ConfigOrigin } from '../config/origin.js';
import { pathsIn } from '../config/paths.js';
import type { ComposedPlugin } from '../container/compose.js';
import type { Benchmark, BenchmarkData } from '../contracts/benchmark.js';
import { PalimpsestError, problem } from '../errors.js';
import { checkData } from './check-data.js';

/**
 * Loads and checks a benchmark's data; a file that cannot be read is named with the place in the config that asks for it.
 * @throws PalimpsestError DATA_*, CONFIG_VALUE
 */
export async function loadData(
  benchmark: Benchmark,
  plugin: ComposedPlugin,
  { origin, config }: LoadedConfig,
): Promise<BenchmarkData> {
  const data = await read(benchmark, plugin, origin);
  checkData(data, plugin.manifest.name, config.evaluation);
  return data;
}

async function read(benchmark: Benchmark, plugin: ComposedPlugin, origin: ConfigOrigin): Promise<BenchmarkData> {
  try {
    return await benchmark.load();
  } catch (error) {
    if (!(error instanceof PalimpsestError) || error.code !== 'DATA_FILE') throw error;
    const { where: file = '' } = error.details;
    const place = optionOf(file, plugin);
    throw place ? problem('DATA_FILE', { ...error.details, where: `${origin.where(place)}, ${file}` }) : error;
  }
}

/** The place in the config of the option that names a file, or a folder that it would lie in. */
function optionOf(file: string, { manifest, options, path: outer }: ComposedPlugin): (string | number)[] | undefined {
  const named = [...pathsIn(manifest.options, options)].filter(
    ([, given]) => file === given || file.startsWith(`${given}/`),
  );
  const [option] = named.sort(([, one], [, other]) => other.length - one.length)[0] ?? [];
  return option === undefined ? undefined : [...outer, ...option.split('.')];
}
