import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Observer } from '../../core/contracts/observer.js';
import type { Regularizer } from '../../core/contracts/regularizer.js';
import { lifecycle } from '../../core/training/lifecycle.js';
import { trainSequence } from '../../core/training/sequence.js';
import { recordingIntervention, recordingRegularizer } from './recorders.js';
import { toySequence, toyTask } from './toy-run.js';

const page = readFileSync(new URL('../../docs/lifecycle.md', import.meta.url), 'utf8');

describe('the lifecycle', () => {
  it('is the list that docs/lifecycle.md shows', () => {
    const rows = [...page.matchAll(/^\| `(\w+)` \| (.+?) \| (.+?) \| (.+?) \|$/gm)].map((match) => match.slice(1));
    expect(rows).toEqual(lifecycle.map(({ name, each, who, what }) => [name, each, who.join(', '), what]));
  });

  it('is the order in which a sequence calls its parts', async () => {
    const calls: string[] = [];
    const regularizer: Regularizer = recordingRegularizer((name) => calls.push(name));
    const observer: Observer = {
      taskStarted: () => calls.push('taskStarted'),
      stepDone: () => calls.push('stepDone'),
      taskDone: () => calls.push('taskDone'),
    };
    const parts = await toySequence([toyTask('one', [['ab', 'c']])], {
      regularizers: [{ name: 'recorder', regularizer }],
      interventions: [{ name: 'recorder', intervention: recordingIntervention((name) => calls.push(name)) }],
      observers: [observer],
      betweenTasks: (row) => void calls.push(...(row === 0 ? ['runStarted', 'scored'] : ['scored'])),
    });
    await trainSequence(parts);
    const ofTheRun = ['probes', 'probed', 'summary', 'runDone', 'dispose'];
    const withinSequence = lifecycle.filter(({ name }) => !ofTheRun.includes(name));
    expect(calls.filter((call, i) => call !== calls[i - 1])).toEqual(withinSequence.map(({ name }) => name));
    parts.adapter.dispose();
    parts.backbone.dispose();
  });
});
