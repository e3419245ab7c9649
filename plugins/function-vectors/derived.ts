import type { Pair } from '../../core/index.js';

/** Each pair with its output replaced by what `table` has for it; pairs whose output is no input there are left out. */
export function throughTable(pairs: readonly Pair[], table: readonly Pair[]): Pair[] {
  const outputs = new Map<string, string>();
  for (const { input, output } of table) if (!outputs.has(input)) outputs.set(input, output);
  return pairs.flatMap(({ input, output }) => {
    const mapped = outputs.get(output);
    return mapped === undefined ? [] : [{ input, output: mapped }];
  });
}
