import {
  type ActivationSite,
  type ForwardRequest,
  type KeyValueCache,
  type ModelSizes,
  problem,
  type TokenBatch,
} from '../../core/index.js';

/** Refuses what the model cannot run. @throws PalimpsestError TOKENS_TOO_LONG, TOKEN_OUT_OF_RANGE, SITE_UNKNOWN, PASS_INVALID */
export function checkRequest(request: ForwardRequest, sizes: ModelSizes, sites: ReadonlySet<string>): void {
  const { batch, past, edits = [], captures = [], variants = [] } = request;
  const longest = longestRow(batch, past, sizes.maxPositions);
  if (longest > sizes.maxPositions) {
    throw problem('TOKENS_TOO_LONG', { expected: `at most ${sizes.maxPositions} tokens`, got: String(longest) });
  }
  if (past && (batch.branches || batch.positions)) {
    const expected = 'a batch without branches and positions after a past';
    throw problem('PASS_INVALID', { expected, got: 'one with them' });
  }
  const outside = batch.ids.findIndex((id) => id < 0 || id >= sizes.vocabulary);
  if (outside >= 0) {
    const where = `row ${Math.floor(outside / batch.length)}, token ${outside % batch.length}`;
    throw problem('TOKEN_OUT_OF_RANGE', {
      where,
      expected: `0 to ${sizes.vocabulary - 1}`,
      got: String(batch.ids[outside]),
    });
  }
  for (const name of [...edits.map((edit) => edit.site), ...captures, ...variants.map((one) => one.site)]) {
    if (!sites.has(name))
      throw problem('SITE_UNKNOWN', { got: name, expected: `one of ${[...sites].slice(0, 4).join(', ')}, ..` });
  }
  checkVariants(request, [...sites]);
}

/** Tokens of the longest row, those before the batch included; padding counts only where all fit with it. */
function longestRow(batch: TokenBatch, past: KeyValueCache | undefined, most: number): number {
  if (batch.positions) return batch.positions.reduce((longest, position) => Math.max(longest, position + 1), 0);
  const padded = batch.length + (past?.length ?? 0);
  if (padded <= most) return padded;
  const before = past ? realTokens(past) : [0];
  return Math.max(...realTokens(batch).map((count, row) => count + before[before.length === 1 ? 0 : row]));
}

/** Number of real tokens of every row. */
function realTokens({ mask, rows, length }: Pick<TokenBatch, 'mask' | 'rows' | 'length'>): number[] {
  return Array.from({ length: rows }, (_, row) =>
    mask.subarray(row * length, (row + 1) * length).reduce((sum, real) => sum + real, 0),
  );
}

/** Flat positions whose logits are asked for, of rows that may have grown; undefined for all, in order. */
export function logitPositions(
  batch: TokenBatch,
  logits: ForwardRequest['logits'],
  grown: { readonly count: number },
): Int32Array | undefined {
  if (logits === 'all' || logits === undefined || logits === 'none') return undefined;
  if (logits !== 'last') return logits;
  const { rows, length, mask } = batch;
  return Int32Array.from({ length: grown.count }, (_, row) => {
    const own = Math.min(row, rows - 1);
    const last = mask.subarray(0, (own + 1) * length).lastIndexOf(1) - own * length;
    return row * length + Math.max(last, 0);
  });
}

/** What names a site, by that, in the order given. */
export function bySite<T extends { readonly site: string }>(all: readonly T[] = []): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const one of all) found.set(one.site, [...(found.get(one.site) ?? []), one]);
  return found;
}

/** Refuses variants that the pass cannot make. @param sites in the order in which the model passes them */
function checkVariants(request: ForwardRequest, sites: readonly string[]): void {
  const { batch, variants = [], edits = [], captures = [], dropout, keepCache = false } = request;
  if (variants.length === 0) return;
  const refuse = (expected: string, got: string) => problem('PASS_INVALID', { where: 'variants', expected, got });
  if (batch.rows !== 1 || batch.mask.includes(0) || batch.branches)
    throw refuse('one row without padding or branches', `${batch.rows} rows, or one with them`);
  if (edits.length > 0 || captures.length > 0 || dropout || keepCache)
    throw refuse('no edits, captures, dropout or keepCache', 'some');
  const order = variants.map(({ site }) => sites.indexOf(site));
  const late = order.findIndex((place, i) => i > 0 && place < order[i - 1]);
  if (late > 0)
    throw refuse('variants in the order of their sites', `${variants[late].site} after ${variants[late - 1].site}`);
}

/** Site names as a set, for `checkRequest`. */
export function namesOf(sites: readonly ActivationSite[]): ReadonlySet<string> {
  return new Set(sites.map((site) => site.name));
}
