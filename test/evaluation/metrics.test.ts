import { describe, expect, it } from 'vitest';
import { compareChoices, metricNames, metricsOf, type Prediction } from '../../core/evaluation/metrics.js';

describe('choices compared, worked by hand', () => {
  it('takes the largest sum, the largest per token and the largest per byte', () => {
    // per token -2, -3, -1.5; per byte -2, -1, -1.2
    const scored = compareChoices(['a', 'bcd', 'fghij'], [-2, -3, -6], [1, 1, 4]);
    expect([scored.best, scored.bestPerToken, scored.bestPerByte]).toEqual([0, 2, 1]);
  });

  it('counts bytes in UTF-8: four for one emoji', () => {
    expect(compareChoices(['🙂', 'x'], [-4, -1.5], [1, 1]).bestPerByte).toBe(0);
  });
});

describe('the metrics of a set, worked by hand', () => {
  it('average over items: one of two exact, the choice right by sum only', () => {
    const prediction = { set: 's', shots: 0, prompt: 'p', answer: 'b', firstTokenCorrect: true };
    const predictions: Prediction[] = [
      { ...prediction, item: 0, generated: 'b', exact: true, rougeLUnion: 0.5, firstTokenLogProbability: -1 },
      {
        ...prediction,
        item: 1,
        generated: 'c',
        exact: false,
        rougeLUnion: 0.25,
        firstTokenLogProbability: -3,
        choices: ['a', 'b'],
        scored: { logLikelihoods: [-2, -1], tokenCounts: [4, 1], best: 1, bestPerToken: 0, bestPerByte: 0 },
      },
    ];
    expect(metricsOf(predictions)).toEqual({
      exact: 0.5,
      rougeLUnion: 0.375,
      firstTokenAccuracy: 1,
      firstTokenLogProbability: -2,
      choiceAccuracySum: 1,
      choiceAccuracyPerToken: 0,
      choiceAccuracyPerByte: 0,
    });
  });

  it('have the F1 of the classes where all items share their choices', () => {
    const scored = (best: number) => ({ logLikelihoods: [], tokenCounts: [], best, bestPerToken: 0, bestPerByte: 0 });
    const item = (answer: string, best: number, choices = ['a', 'b']): Prediction => ({
      ...{ set: 's', shots: 0, item: 0, prompt: 'p', firstTokenCorrect: true, firstTokenLogProbability: -1 },
      ...{ answer, choices, scored: scored(best) },
    });
    // F1 of a: 2 x 1 / (2 + 1), of b: 2 x 1 / (1 + 2)
    const shared = [item('a', 0), item('a', 1), item('b', 1)];
    expect(metricsOf(shared).macroF1).toBeCloseTo(2 / 3, 12);
    expect(metricsOf([...shared, item('a', 0, ['b', 'a'])]).macroF1).toBeUndefined();
  });

  it('have a value under every name that can be measured', () => {
    const choices = [' ants', ' bees'];
    const texts = { rougeLUnion: 1, rougeLStemmed: 1, editSimilarity: 1 };
    const prediction: Prediction = {
      ...{ set: 's', shots: 0, item: 0, prompt: 'p', answer: ' ants', generated: 'ants', exact: true, ...texts },
      ...{ firstTokenCorrect: true, firstTokenLogProbability: -1 },
      ...{ choices, scored: compareChoices(choices, [-1, -2], [1, 1]) },
    };
    expect(Object.keys(metricsOf([prediction])).sort()).toEqual(Object.keys(metricNames).sort());
  });
});
