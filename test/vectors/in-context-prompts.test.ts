import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../core/index.js';
import { toyTokenizer } from '../../core/testing/index.js';
import { type InContextSettings, inContextPrompts } from '../../core/vectors/in-context-prompts.js';

/** "a" is answered by "b", and so on. */
const samples = [...'abcdefgh'].map((letter) => ({
  prompt: letter,
  answer: String.fromCharCode(letter.charCodeAt(0) + 1),
}));
const settings: InContextSettings = { prompts: 6, shots: 3, demonstrationSets: 2, maxTokens: 99 };

/** Prompts as lists of their demonstrations and questions, and the right answers. */
function made(given: Partial<InContextSettings> = {}, of = samples, seed = 1) {
  const stream = seededRandom(seed).stream('prompts');
  return inContextPrompts(of, { ...settings, ...given }, toyTokenizer, stream).map(({ tokens, answer }) => {
    const parts = toyTokenizer.decode([...tokens]).split('\n\n');
    return { shots: parts.slice(0, -1), question: parts[parts.length - 1], answer: toyTokenizer.decode([answer[0]]) };
  });
}

describe('N-shot prompts', () => {
  it('are N worked examples, prompt, answer and a blank line each, and a question with the first token of its answer', () => {
    for (const { shots, question, answer } of made()) {
      expect(shots).toHaveLength(3);
      for (const shot of [...shots, question + answer]) {
        expect(shot).toBe(shot[0] + String.fromCharCode(shot.charCodeAt(0) + 1));
      }
    }
  });

  it('come in sets of the same demonstrations, none of which is asked for, nor a question twice', () => {
    const prompts = made();
    expect(prompts).toHaveLength(6);
    const [first, second] = [prompts.slice(0, 3), prompts.slice(3)];
    expect(first[0].shots).not.toEqual(second[0].shots);
    for (const set of [first, second]) {
      expect(set.map(({ shots }) => shots)).toEqual(set.map(() => set[0].shots));
      const asked = set.map(({ question }) => question);
      expect(new Set(asked).size).toBe(3);
      expect(set[0].shots.filter((shot) => asked.includes(shot[0]))).toEqual([]);
    }
  });

  it('are shared among the sets as evenly as can be: 7 in 3 sets are 2, 2 and 3', () => {
    const prompts = made({ prompts: 7, demonstrationSets: 3 });
    const sets = new Map<string, number>();
    for (const { shots } of prompts) sets.set(shots.join(), (sets.get(shots.join()) ?? 0) + 1);
    expect([...sets.values()]).toEqual([2, 2, 3]);
  });

  it('are no more sets than prompts, and fewer prompts where samples run out', () => {
    expect(made({ prompts: 1, demonstrationSets: 4 })).toHaveLength(1);
    expect(made({ prompts: 40, demonstrationSets: 1 })).toHaveLength(5);
  });

  it('leave one sample to ask for, however few there are', () => {
    const [{ shots }] = made({ shots: 10, prompts: 1 }, samples.slice(0, 3));
    expect(shots).toHaveLength(2);
  });

  it("ask for no other sample of a demonstration's prompt", () => {
    const twice = [...samples.slice(0, 2), ...samples.slice(0, 2)];
    for (const { shots, question } of made({ shots: 1, prompts: 9, demonstrationSets: 3 }, twice)) {
      expect(shots[0][0]).not.toBe(question);
    }
  });

  it('have as many demonstrations as fit: in 10 tokens two of four each, and the question', () => {
    for (const { shots } of made({ maxTokens: 10 })) expect(shots).toHaveLength(2);
    for (const { shots } of made({ maxTokens: 1 })) expect(shots).toHaveLength(0);
  });

  it('leave out a question that does not fit by itself or has an empty answer', () => {
    const long = samples.map(({ answer }) => ({ prompt: `${answer}long`, answer }));
    expect(made({ maxTokens: 3 }, long)).toEqual([]);
    expect(
      made(
        { shots: 1 },
        samples.map(({ prompt }) => ({ prompt, answer: '' })),
      ),
    ).toEqual([]);
  });

  it('depend on the seed', () => {
    expect(made()).toEqual(made());
    expect(made()).not.toEqual(made({}, samples, 2));
  });
});
