import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type { EvaluationSet, TextExample } from '../../core/contracts/benchmark.js';
import { continuationOf } from '../../core/evaluation/encode-item.js';
import { type EvaluationOptions, evaluateSet, type SetResult } from '../../core/evaluation/evaluate.js';
import { argmax, logSumExp } from '../../core/evaluation/log-softmax.js';
import { fakeModel, fakeTokenizer } from './fake-backbone.js';

const options: EvaluationOptions = {
  shots: 0,
  by: ['likelihood', 'exact'],
  maxInputTokens: 200,
  maxOutputTokens: 6,
  overflow: 'refuse',
  answerEnd: 'eos',
};

const words = ['cat', 'dog', 'bird', 'horse', 'fish', 'cow', 'duck'];
const demonstrations = ['ant', 'bee', 'elk'].map((word) => ({ prompt: `Q: ${word} A:`, answer: ` ${word}s` }));

function setOf(items: readonly TextExample[], name = 'plural'): EvaluationSet {
  return { name, items, demonstrations };
}

const plain = setOf(words.map((word) => ({ prompt: `Q: ${word} A:`, answer: ` ${word}s` })));
const withChoices = setOf(
  words.map((word) => ({ prompt: `Q: ${word} A:`, answer: ` ${word}s`, choices: [' x', ` ${word}s`, ' abc'] })),
);

async function evaluated(set: EvaluationSet, changes: Partial<EvaluationOptions> = {}, model = fakeModel()) {
  return (await evaluateSet(model, set, { ...options, ...changes })) as SetResult;
}

/** Greedy text of the toy by full runs, up to EOS, a newline or the maximum. */
function greedyText(prompt: string, most: number): string {
  const { backbone, tokenizer } = fakeModel();
  const ids = tokenizer.encode(prompt);
  const tokens: number[] = [];
  while (tokens.length < most && !tokens.some((token) => token < 2)) {
    tokens.push(argmax(backbone.logitsAfter([...ids, ...tokens])));
  }
  return tokenizer.decode(tokens, { skipSpecial: true }).split('\n')[0];
}

describe('the border between prompt and continuation', () => {
  it('leaves the prompt whole where no token spans it', () => {
    expect(continuationOf({ text: 'A:', ids: fakeTokenizer.encode('A:') }, ' cat', fakeTokenizer)).toEqual({
      continuation: fakeTokenizer.encode(' cat'),
      overlap: 0,
    });
  });

  it('gives a token across it to the continuation', () => {
    expect(continuationOf({ text: 'A: ', ids: fakeTokenizer.encode('A: ') }, 'cat', fakeTokenizer)).toEqual({
      continuation: fakeTokenizer.encode(' cat'),
      overlap: 1,
    });
  });

  it('tokenizes the continuation on its own where nothing of the prompt would be left', () => {
    expect(continuationOf({ text: ' ', ids: fakeTokenizer.encode(' ') }, 'cat', fakeTokenizer)).toEqual({
      continuation: fakeTokenizer.encode('cat'),
      overlap: 0,
    });
  });
});

describe('a set', () => {
  it('is answered as by full runs of every prompt', async () => {
    const { predictions, metrics } = await evaluated(plain);
    expect(predictions.map(({ generated }) => generated)).toEqual(
      plain.items.map((item) => greedyText(item.prompt, 6)),
    );
    expect(Object.keys(metrics).sort()).toEqual(['exact', 'firstTokenAccuracy', 'firstTokenLogProbability']);
  });

  it('is answered after its demonstrations, prompt, answer and a blank line each', async () => {
    const prefix = 'Q: ant A: ants\n\nQ: bee A: bees\n\n';
    const { predictions } = await evaluated(plain, { shots: 2 });
    expect(predictions.map(({ generated }) => generated)).toEqual(
      plain.items.map((item) => greedyText(prefix + item.prompt, 6)),
    );
    expect(predictions[0]).toMatchObject({ set: 'plural', shots: 2, item: 0, prompt: 'Q: cat A:', answer: ' cats' });
  });

  it("gives the answer's first token its log-probability at the last prompt token", async () => {
    const { backbone, tokenizer } = fakeModel();
    const logits = backbone.logitsAfter(tokenizer.encode('Q: cat A:'));
    const token = tokenizer.encode(' c')[0];
    const { predictions } = await evaluated(plain, { by: ['first-token'] });
    expect(predictions[0].firstTokenLogProbability).toBeCloseTo(logits[token] - logSumExp(logits), 4);
    expect(predictions[0].firstTokenCorrect).toBe(argmax(logits) === token);
    expect(predictions[0].generated).toBeUndefined();
  });

  it('is exact where the greedy text, trimmed, is the answer', async () => {
    const right = setOf(plain.items.map(({ prompt }) => ({ prompt, answer: `  ${greedyText(prompt, 6)} ` })));
    expect((await evaluated(right, { overflow: 'truncate' })).metrics.exact).toBe(1);
    expect((await evaluated(plain)).metrics.exact).toBe(0);
  });

  it('scores the choices where it has them, and its text only when asked', async () => {
    const { metrics, predictions } = await evaluated(withChoices, { by: ['likelihood'] });
    expect(Object.keys(metrics)).toContain('choiceAccuracySum');
    expect(metrics.exact).toBeUndefined();
    expect(predictions[0].choices).toEqual([' x', ' cats', ' abc']);
    expect(predictions[0].scored?.tokenCounts).toEqual([1, 4, 3]);
  });

  it('is measured by its text where likelihood is asked for and it has no choices', async () => {
    expect((await evaluated(plain, { by: ['likelihood'] })).metrics.exact).toBe(0);
  });

  it('has its own metric measured whatever is asked for, and every item its value', async () => {
    const items = plain.items.map(({ prompt }, i) => ({ prompt, answer: i === 0 ? greedyText(prompt, 6) : ' no' }));
    const asked = { by: ['first-token'], overflow: 'truncate' } as const;
    for (const metric of ['rougeLUnion', 'rougeLStemmed', 'editSimilarity'] as const) {
      const { metrics, predictions } = await evaluated({ ...setOf(items), metric }, asked);
      const names = ['exact', 'firstTokenAccuracy', 'firstTokenLogProbability', metric];
      expect(Object.keys(metrics).sort()).toEqual(names.sort());
      expect(predictions[0]).toMatchObject({ exact: true, [metric]: expect.closeTo(1, 6) });
      const values = predictions.map((prediction) => prediction[metric] as number);
      expect(metrics[metric]).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 12);
    }
    const byChoices = await evaluated({ ...withChoices, metric: 'choiceAccuracySum' }, asked);
    expect(byChoices.metrics.choiceAccuracySum).toBeDefined();
    expect(byChoices.metrics.exact).toBeUndefined();
  });

  it.each([1, 3, 8])('has the same predictions in batches of %i, padded on either side', async (batchRows) => {
    const reference = (await evaluated(withChoices, { shots: 2 })).predictions;
    for (const side of ['left', 'right'] as const) {
      const { predictions } = await evaluated(withChoices, { shots: 2, batchRows, side });
      predictions.forEach((prediction, i) => {
        const { scored, firstTokenLogProbability, ...rest } = prediction;
        expect(reference[i]).toMatchObject(rest);
        expect(firstTokenLogProbability).toBeCloseTo(reference[i].firstTokenLogProbability, 4);
        expect(scored?.best).toBe(reference[i].scored?.best);
        scored?.logLikelihoods.forEach((sum, c) => {
          expect(sum).toBeCloseTo(reference[i].scored?.logLikelihoods[c] as number, 4);
        });
      });
    }
  });

  it('runs its demonstrations once and every prompt once', async () => {
    const model = fakeModel();
    await evaluated(withChoices, { shots: 3, by: ['likelihood'] }, model);
    const demonstrationTokens = demonstrations.reduce(
      (sum, { prompt, answer }) => sum + fakeTokenizer.encode(`${prompt}${answer}\n\n`).length,
      0,
    );
    const own = words.reduce((sum, word) => {
      const prompt = fakeTokenizer.encode(`Q: ${word} A:`).length;
      return sum + prompt + (fakeTokenizer.encode(` ${word}s`).length - 1) + 2;
    }, 0);
    const sharedByAll = fakeTokenizer.encode('Q:').length;
    expect(model.backbone.tokensRun).toBe(demonstrationTokens + own - sharedByAll * (words.length - 1));
  });

  it('leaves no tensor over', async () => {
    const before = tf.memory().numTensors;
    await evaluated(withChoices, { shots: 2, batchRows: 3 });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('without demonstrations is not scored in context', async () => {
    expect(await evaluateSet(fakeModel(), { ...plain, demonstrations: [] }, { ...options, shots: 5 })).toBeUndefined();
  });
});

describe('the end of a greedy answer', () => {
  // The toy goes on with "f. z", a newline and more after this prompt, with "x" and EOS after the other.
  const line = { prompt: 'Q: dg A:', answer: 'f. z' };
  const generated = async (items: TextExample[], changes: Partial<EvaluationOptions> = {}) =>
    (await evaluated(setOf(items), { by: ['exact'], ...changes })).predictions.map(
      (prediction) => prediction.generated,
    );

  it('is EOS or a newline, whichever comes first', async () => {
    expect(await generated([line, { prompt: 'Q: be A:', answer: 'x' }])).toEqual(['f. z', 'x']);
    expect((await evaluated(setOf([line]))).metrics.exact).toBe(1);
  });

  it('is EOS alone where the answers of a set span lines and EOS ends them', async () => {
    const [text] = await generated([{ ...line, answer: 'f. z\nb' }]);
    expect(text).toMatch(/^f\. z\n./);
    expect(await generated([{ ...line, answer: 'f. z\nb' }], { answerEnd: 'newline' })).toEqual(['f. z']);
  });
});

describe('what is too long', () => {
  it('is refused by set and item', async () => {
    await expect(evaluated(plain, { maxInputTokens: 5 })).rejects.toThrow(
      /DATA_TOO_LONG.*set "plural", item 1.*prompt/,
    );
    await expect(evaluated(plain, { maxOutputTokens: 4 })).rejects.toThrow(/DATA_TOO_LONG.*item 3, answer/);
  });

  it('loses its middle and is counted; choices are scored whole, and answers that are longer than allowed counted', async () => {
    const { truncated, predictions } = await evaluated(withChoices, {
      shots: 2,
      maxInputTokens: 12,
      maxOutputTokens: 4,
      overflow: 'truncate',
    });
    expect(truncated).toEqual({ prompts: 7, answers: 4 });
    expect(predictions[2].scored?.tokenCounts).toEqual([1, 5, 3]);
  });

  it("leaves room for the answer in the model's own length", async () => {
    const model = fakeModel();
    const small = {
      ...model,
      backbone: Object.assign(model.backbone, { sizes: { ...model.backbone.sizes, maxPositions: 14 } }),
    };
    const { truncated } = await evaluated(plain, { overflow: 'truncate' }, small);
    expect(truncated.prompts).toBe(4);
    const limits = { overflow: 'truncate', maxOutputTokens: 2, by: ['likelihood'] } as const;
    const cut = async (choices: string[]) => {
      const asked = setOf([{ prompt: 'Q: cat A:', answer: ' cats', choices }]);
      return (await evaluated(asked, limits, small)).truncated.prompts;
    };
    expect(await cut([' cats'])).toBe(0);
    expect(await cut([' cats', ' a long one'])).toBe(1);
  });

  it('or wrong is named: no right choice, an empty prompt', async () => {
    const wrong = setOf([{ prompt: 'Q', answer: 'a', choices: ['b', 'c'] }]);
    await expect(evaluated(wrong)).rejects.toThrow(/DATA_LINE.*item 1.*among the choices, got "a"/);
    await expect(evaluated(setOf([{ prompt: '', answer: 'a' }]))).rejects.toThrow(/DATA_LINE.*at least one token/);
  });
});
