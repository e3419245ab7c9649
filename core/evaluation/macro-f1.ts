/**
 * Unweighted mean over the labels of F1 = 2 TP / (2 TP + FP + FN). A label that is neither an answer nor predicted is left out:
 * scikit-learn's `f1_score(average='macro', zero_division=0)`.
 * @param answers the right label of every item @param predicted the label that was given to it
 * @returns 0 to 1
 */
export function macroF1(answers: readonly string[], predicted: readonly string[]): number {
  const labels = [...new Set([...answers, ...predicted])];
  const count = (given: readonly string[], label: string) => given.filter((one) => one === label).length;
  const right = answers.filter((answer, i) => answer === predicted[i]);
  // TP + FN items have the label, TP + FP were given it.
  const scores = labels.map((label) => (2 * count(right, label)) / (count(answers, label) + count(predicted, label)));
  return scores.reduce((sum, score) => sum + score, 0) / labels.length;
}

/** Whether the items have choices, all of them the same in the same order: labels of classes. */
export function shareChoices(items: readonly { readonly choices?: readonly string[] }[]): boolean {
  const [first, ...others] = items.map(({ choices }) => choices && JSON.stringify(choices));
  return first !== undefined && others.every((other) => other === first);
}
