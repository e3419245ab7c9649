import { describe, expect, it } from 'vitest';
import { didYouMean } from '../../core/config/nearest.js';

describe('the nearest name', () => {
  it.each([
    ['rnak', ['alpha', 'rank'], 'rank'],
    ['learning_rate', ['batchSize', 'learningRate'], 'learningRate'],
    ['inc-lroa', ['o-lora', 'inc-lora'], 'inc-lora'],
    ['LR', ['lr'], 'lr'],
    ['cx', ['c', 'xi'], 'c'],
  ])('of "%s" is that of the fewest edits', (name, names, near) => {
    expect(didYouMean(name, names)).toBe(` (did you mean "${near}"?)`);
  });

  it.each([
    ['epochs', ['tasks', 'batchSize', 'shuffle']],
    ['none', ['long', 'mas']],
    ['nope.json', ['llama-2-7b', 'smollm2-135m-instruct']],
    ['anything', []],
  ])('of "%s" is none where no name is near', (name, names) => {
    expect(didYouMean(name, names)).toBe('');
  });
});
