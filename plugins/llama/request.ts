import {
  type ActivationEdit,
  type ActivationSite,
  type ForwardRequest,
  type KeyValueCache,
  type ModelSizes,
  problem,
  type TokenBatch,
} from '../../core/index.js';

/** Refuses what the model cannot run. @throws PalimpsestError TOKENS_TOO_LONG, TOKEN_OUT_OF_RANGE, SITE_UNKNOWN, PASS_INVALID */
export function checkRequest(request: ForwardRequest, sizes: ModelSizes, sites: ReadonlySet<string>): void {
  const { batch, past, edits = [], captures = [] } = request;
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
  for (const name of [...edits.map((edit) => edit.site), ...captures]) {
    if (!sites.has(name))
      throw problem('SITE_UNKNOWN', { got: name, expected: `one of ${[...sites].slice(0, 4).join(', ')}, ..` });
  }
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

/** Flat positions whose logits are asked for; undefined for all, in order. */
export function logitPositions(batch: TokenBatch, logits: ForwardRequest['logits']): Int32Array | undefined {
  if (logits === 'all' || logits === undefined || logits === 'none') return undefined;
  if (logits !== 'last') return logits;
  return Int32Array.from({ length: batch.rows }, (_, row) => {
    const end = (row + 1) * batch.length;
    const last = batch.mask.subarray(0, end).lastIndexOf(1);
    return Math.max(last, row * batch.length);
  });
}

/** Edits by the site they name, in the order given. */
export function editsBySite(edits: readonly ActivationEdit[] = []): Map<string, ActivationEdit[]> {
  const bySite = new Map<string, ActivationEdit[]>();
  for (const edit of edits) bySite.set(edit.site, [...(bySite.get(edit.site) ?? []), edit]);
  return bySite;
}

/** Site names as a set, for `checkRequest`. */
export function namesOf(sites: readonly ActivationSite[]): ReadonlySet<string> {
  return new Set(sites.map((site) => site.name));
}
