/** Length of the longest common subsequence of two lists, in the memory of two rows. */
export function commonLength<T>(a: readonly T[], b: readonly T[]): number {
  return a.reduce((row, item) => nextRow(row, item, b), firstRow(b))[b.length];
}

/**
 * A longest common subsequence of two lists, in the memory of length(a) rows. Of several the one found from the ends back: equal
 * items are taken, else the last item of `a` is left out where a longer one remains without it than without that of `b`, else
 * that of `b`.
 */
export function commonSubsequence<T>(a: readonly T[], b: readonly T[]): T[] {
  const rows = [firstRow(b)];
  for (const item of a) rows.push(nextRow(rows[rows.length - 1], item, b));
  const common: T[] = [];
  let [i, j] = [a.length, b.length];
  while (i > 0 && j > 0) {
    if (a[i - 1] === b[j - 1]) {
      common.push(a[i - 1]);
      i--;
      j--;
    } else if (rows[i - 1][j] > rows[i][j - 1]) i--;
    else j--;
  }
  return common.reverse();
}

/** Entry j of row i is the length for the first i items of one list and the first j of the other; row 0 is zeros. */
function firstRow(b: readonly unknown[]): Uint32Array {
  return new Uint32Array(b.length + 1);
}

function nextRow<T>(above: Uint32Array, item: T, b: readonly T[]): Uint32Array {
  const row = firstRow(b);
  b.forEach((other, j) => {
    row[j + 1] = item === other ? above[j] + 1 : Math.max(above[j + 1], row[j]);
  });
  return row;
}
