import { describe, expect, it } from 'vitest';
import { DataNotices } from '../../core/text/data-notices.js';

const samples = (...prompts: string[]) => prompts.map((prompt) => ({ prompt, answer: ' x' }));
const dev = { part: 'dev', of: 'a' };

describe('what is noticed of data', () => {
  it('is nothing where there is enough and nothing is there twice', () => {
    const notices = new DataNotices();
    expect(notices.first(2, [1, 2, 3], { option: 'maxTrain', of: 'a' })).toEqual([1, 2]);
    expect(notices.first(undefined, [1, 2, 3], { option: 'maxTrain', of: 'a' })).toEqual([1, 2, 3]);
    expect(notices.first(2, [1, 2], { option: 'maxTrain', of: 'a' })).toEqual([1, 2]);
    const left = notices.unseen(samples('p', 'q'), { train: samples('r'), test: [] }, dev);
    expect(left).toEqual(samples('p', 'q'));
    expect(notices.unseen([], { train: samples('r') }, dev)).toBeUndefined();
    expect(notices.lines()).toEqual([]);
  });

  it('is a line for each option and number, with what is there', () => {
    const notices = new DataNotices();
    expect(notices.atMost(9, 3, { option: 'maxTrain', of: 'a' })).toBe(3);
    notices.atMost(9, 2, { option: 'maxTest', of: 'a' });
    notices.atMost(9, 4, { option: 'maxTrain', of: 'b' });
    notices.atMost(5, 4, { option: 'maxTest', of: 'h' });
    expect(notices.lines()).toEqual([
      'maxTrain asks for 9: a has 3, b has 4',
      'maxTest asks for 9: a has 2',
      'maxTest asks for 5: h has 4',
    ]);
  });

  it.each([
    [
      ['p', 'q'],
      { train: [], test: ['q', 'p'] },
      'all 2 records of dev are in test as well; none is left for validation',
    ],
    [['p'], { train: ['p'], test: [] }, '1 of 1 records of dev is in train as well; none is left for validation'],
    [['p', 'q'], { train: [], test: ['q'] }, '1 of 2 records of dev is in test as well; 1 is left for validation'],
    [
      ['p', 'q', 'r', 's'],
      { train: ['p'], test: ['q'] },
      '2 of 4 records of dev are in train or test as well; 2 are left for validation',
    ],
  ])('is how many validation samples other parts have: %j of %j', (prompts, { train, test }, line) => {
    const notices = new DataNotices();
    const others = { train: samples(...train), test: samples(...test) };
    const left = notices.unseen(samples(...prompts), others, dev)?.map(({ prompt }) => prompt);
    expect(left ?? []).toEqual(prompts.filter((prompt) => ![...train, ...test].includes(prompt)));
    expect(notices.lines()).toEqual([`a: ${line}`]);
  });
});
