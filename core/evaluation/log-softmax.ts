/** log sum_v exp(logits[v]) in float64, safe from overflow. */
export function logSumExp(logits: Float32Array): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let v = 0; v < logits.length; v++) if (logits[v] > largest) largest = logits[v];
  let sum = 0;
  for (let v = 0; v < logits.length; v++) sum += Math.exp(logits[v] - largest);
  return largest + Math.log(sum);
}

/** Index of the largest value, the first of equals; the token that greedy decoding takes. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

/** Indices of the k largest values, the largest first; of equals the lower index first. */
export function largest(values: Float32Array, k: number): number[] {
  const best: number[] = [];
  for (let i = 0; i < values.length && k > 0; i++) {
    if (best.length === k && values[i] <= values[best[k - 1]]) continue;
    let at = best.length;
    while (at > 0 && values[best[at - 1]] < values[i]) at--;
    best.splice(at, 0, i);
    if (best.length > k) best.pop();
  }
  return best;
}
