import * as tf from '@tensorflow/tfjs-core';
import type { Backbone, ForwardRequest } from '../../contracts/backbone.js';
import type { TokenBatch } from '../../contracts/batch.js';
import { problem } from '../../errors.js';
import { padRows } from '../../text/batching.js';
import { measured } from '../measured.js';
import type { Subject } from '../subject.js';
import { expectClose } from '../tensor-checks.js';
import { withToyRun } from '../toy-run.js';
import { type Check, check, demand } from './check.js';

const LONG = [3, 9, 27, 17, 5, 11, 30];
const SHORT = [4, 8, 15];
const TOLERANCE = 1e-4;

/** Two rows of a trunk and its continuations. */
const TREES = [
  { trunk: LONG.slice(0, 3), branches: [LONG.slice(3), SHORT] },
  { trunk: [6], branches: [[1], SHORT] },
];

type Side = 'left' | 'right';

/** Rows of ids as a batch, padded with a token that the rows do not hold. */
const batchOf = (rows: number[][], side: Side = 'right'): TokenBatch => padRows(rows, { pad: 2, side });

/** The trees as rows: a trunk, its first branch, its second one. */
function branchedBatch(): TokenBatch {
  const batch = batchOf(TREES.map(({ trunk, branches }) => [...trunk, ...branches.flat()]));
  const positions = new Int32Array(batch.ids.length);
  const branchOf = new Uint8Array(batch.ids.length);
  for (const [row, { trunk, branches }] of TREES.entries()) {
    const places = [
      trunk.map((_, t) => [t, 0]),
      ...branches.map((branch, i) => branch.map((_, t) => [trunk.length + t, i + 1])),
    ];
    for (const [i, [position, branch]] of places.flat().entries()) {
      positions[row * batch.length + i] = position;
      branchOf[row * batch.length + i] = branch;
    }
  }
  return { ...batch, positions, branches: branchOf };
}

/** Logits [P, V] row by row. */
export function logits(backbone: Backbone, request: ForwardRequest): number[][] {
  return measured(() => {
    const result = backbone.forward(request);
    result.cache?.dispose();
    demand(result.logits !== undefined, 'no logits come back');
    return result.logits.arraySync();
  });
}

function backboneCheck(promise: string, body: (backbone: Backbone) => void): Check<'backbone'> {
  return check('backbone', promise, (subject) => withToyRun(subject as Subject, ({ backbone }) => body(backbone)));
}

/** What a backbone promises about the logits that it gives. */
export const logitChecks: readonly Check<'backbone'>[] = [
  check('backbone', 'its option `model` names the weights', ({ manifest }) =>
    demand('model' in manifest.options.shape, 'it has no option `model`, so a run cannot find its weights'),
  ),

  backboneCheck('later tokens never alter earlier logits', (backbone) => {
    const early = (row: number[]) => logits(backbone, { batch: batchOf([row]), logits: Int32Array.of(0, 1, 2) }).flat();
    const other = [...LONG.slice(0, 3), 1, 6, 7, 8];
    expectClose(early(other), early(LONG), TOLERANCE, 'logits of the first three positions');
  }),

  backboneCheck('padding changes no logit, on whichever side it stands', (backbone) => {
    const [alone] = logits(backbone, { batch: batchOf([SHORT]), logits: 'last' });
    for (const side of ['left', 'right'] as const) {
      const [padded] = logits(backbone, { batch: batchOf([SHORT, LONG], side), logits: 'last' });
      expectClose(padded, alone, TOLERANCE, `logits of a row padded on the ${side}`);
    }
  }),

  backboneCheck('the order of rows changes no logit', (backbone) => {
    const last = (...rows: number[][]) => logits(backbone, { batch: batchOf(rows), logits: 'last' });
    const [ahead, behind] = [last(LONG, SHORT, [1]), last([1], SHORT, LONG)];
    for (const [i, row] of ahead.entries()) expectClose(behind[2 - i], row, TOLERANCE, `logits of row ${i + 1}`);
  }),

  backboneCheck('logits at the positions asked for are those of all positions', (backbone) => {
    const batch = batchOf([LONG, SHORT]);
    const all = logits(backbone, { batch, logits: 'all' });
    demand(all.length === batch.ids.length, `${all.length} rows of logits for ${batch.ids.length} positions`);
    const some = Int32Array.of(8, 0, 5);
    const at = (positions: ArrayLike<number>) => Array.from(positions, (position) => all[position]).flat();
    expectClose(logits(backbone, { batch, logits: some }).flat(), at(some), TOLERANCE, 'logits at 8, 0 and 5');
    expectClose(logits(backbone, { batch, logits: 'last' }).flat(), at([6, 9]), TOLERANCE, 'logits of `last`');
    demand(backbone.forward({ batch }).logits === undefined, 'logits come back where none were asked for');
  }),

  backboneCheck('a run that goes on from a cache equals the run in one', (backbone) => {
    const batch = batchOf([LONG.slice(0, 4), SHORT], 'left');
    const got = measured(() => {
      const start = backbone.forward({ batch, keepCache: true });
      const next = backbone.forward({ batch: batchOf([[5], [7]]), past: start.cache, keepCache: true });
      const end = logits(backbone, { batch: batchOf([[11], [1]]), past: next.cache, logits: 'last' });
      for (const cache of [next.cache, start.cache]) cache?.dispose();
      return end;
    });
    const rows = [
      [...LONG.slice(0, 4), 5, 11],
      [...SHORT, 7, 1],
    ];
    for (const [i, row] of rows.entries()) {
      const [whole] = logits(backbone, { batch: batchOf([row]), logits: 'last' });
      expectClose(got[i], whole, TOLERANCE, `logits of row ${i + 1} after its cache`);
    }
  }),

  backboneCheck('rows share the cache of one prefix', (backbone) => {
    const got = measured(() => {
      const prefix = backbone.forward({ batch: batchOf([LONG]), keepCache: true });
      const end = logits(backbone, { batch: batchOf([SHORT, [6]], 'left'), past: prefix.cache, logits: 'last' });
      prefix.cache?.dispose();
      return end;
    });
    for (const [i, row] of [SHORT, [6]].entries()) {
      const [whole] = logits(backbone, { batch: batchOf([[...LONG, ...row]]), logits: 'last' });
      expectClose(got[i], whole, TOLERANCE, `logits of row ${i + 1} after the prefix`);
    }
  }),

  backboneCheck('a row laid out in branches gives the logits of separate rows', (backbone) => {
    const batch = branchedBatch();
    const all = logits(backbone, { batch, logits: 'all' });
    for (const [row, { trunk, branches }] of TREES.entries()) {
      let start = row * batch.length + trunk.length;
      for (const [i, branch] of branches.entries()) {
        const got = [
          ...all.slice(row * batch.length).slice(0, trunk.length),
          ...all.slice(start, start + branch.length),
        ];
        const alone = logits(backbone, { batch: batchOf([[...trunk, ...branch]]), logits: 'all' });
        expectClose(got.flat(), alone.flat(), TOLERANCE, `logits of row ${row + 1}, branch ${i + 1}`);
        start += branch.length;
      }
    }
  }),

  backboneCheck('what it cannot run is refused by code', (backbone) => {
    const { vocabulary, maxPositions } = backbone.sizes;
    const refused = (code: Parameters<typeof problem>[0], request: ForwardRequest) => {
      try {
        measured(() => backbone.forward(request));
      } catch (error) {
        const got = (error as { code?: unknown }).code ?? error;
        return demand(got === code, `${code} should be thrown, not ${got}`);
      }
      throw new Error(`${code} should be thrown, and nothing is`);
    };
    refused('TOKEN_OUT_OF_RANGE', { batch: batchOf([[1, vocabulary]]) });
    refused('TOKENS_TOO_LONG', { batch: batchOf([Array(maxPositions + 1).fill(1)]) });
    refused('SITE_UNKNOWN', { batch: batchOf([[1]]), captures: ['no such site'] });
    const edit = { site: 'no such site', key: 'none', apply: (activation: tf.Tensor) => activation };
    refused('SITE_UNKNOWN', { batch: batchOf([[1]]), edits: [edit] });
  }),
];
