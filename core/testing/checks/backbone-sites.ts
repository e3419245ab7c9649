import * as tf from '@tensorflow/tfjs-core';
import type {
  ActivationEdit,
  Additions,
  Backbone,
  ForwardRequest,
  LinearAddition,
  LinearSite,
} from '../../contracts/backbone.js';
import { padRows } from '../../text/batching.js';
import { seededRandom } from '../../training/random.js';
import { measured } from '../measured.js';
import { expectClose } from '../tensor-checks.js';
import { withToyRun } from '../toy-run.js';
import { logits } from './backbone.js';
import { type Check, check, demand } from './check.js';

const batch = padRows(
  [
    [3, 9, 27, 17, 5],
    [4, 8, 15],
  ],
  { pad: 2 },
);
const TOLERANCE = 1e-4;

function siteCheck(promise: string, body: (backbone: Backbone) => void): Check<'backbone'> {
  return check('backbone', promise, (subject) => withToyRun(subject, ({ backbone }) => body(backbone)));
}

/** What a backbone promises about its sites: where adapters add and interventions edit. */
export const siteChecks: readonly Check<'backbone'>[] = [
  siteCheck('every activation site gives its declared shape', (backbone) => {
    const { sizes, activationSites } = backbone;
    const letters = new Map(Object.entries({ B: batch.rows, T: batch.length, H: sizes.heads }));
    letters.set('D', sizes.width).set('d_h', sizes.headWidth);
    const names = activationSites.map(({ name }) => name);
    demand(new Set(names).size === names.length, 'two activation sites have one name');
    measured(() => {
      const { captures } = backbone.forward({ batch, captures: names });
      for (const { name, shape } of activationSites) {
        const declared = shape.slice(1, -1).split(', ');
        const want = declared.map((letter) => letters.get(letter)).join(', ');
        const got = captures[name]?.shape.join(', ');
        demand(got === want, `${name} gives ${got === undefined ? 'nothing' : `[${got}]`} for ${shape} = [${want}]`);
      }
    });
  }),

  siteCheck('every linear site calls its addition with [N, in] and takes [N, out]', (backbone) => {
    const rows = batch.rows * batch.length;
    const called = new Map<string, string>();
    const additions: Additions = ({ name, outFeatures }) => ({
      inputs: [],
      apply: (x) => {
        called.set(name, `[${x.shape.join(', ')}]`);
        return tf.zeros([x.shape[0], outFeatures]);
      },
    });
    const plain = logits(backbone, { batch, logits: 'all' }).flat();
    expectClose(logits(backbone, { batch, logits: 'all', additions }).flat(), plain, TOLERANCE, 'logits + 0');
    for (const { name, inFeatures } of backbone.linearSites) {
      const want = `[${rows}, ${inFeatures}]`;
      demand(called.get(name) === want, `${name} gives x ${called.get(name) ?? 'nothing'} instead of ${want}`);
    }
  }),

  siteCheck('an edit that changes nothing changes no logit', (backbone) => {
    const plain = logits(backbone, { batch, logits: 'all' }).flat();
    for (const { name } of backbone.activationSites) {
      const edits: ActivationEdit[] = [{ site: name, key: 'same', apply: (x) => tf.mul(x, 1) }];
      expectClose(logits(backbone, { batch, logits: 'all', edits }).flat(), plain, TOLERANCE, `logits, ${name} x 1`);
    }
  }),

  siteCheck('a capture shows the activation as it is after the edits', (backbone) => {
    for (const { name } of backbone.activationSites) {
      const edits: ActivationEdit[] = [{ site: name, key: 'sevens', apply: (x) => tf.fill(x.shape, 7) }];
      const values = measured(() => backbone.forward({ batch, edits, captures: [name] }).captures[name].dataSync());
      demand(
        values.every((value) => value === 7),
        `${name}: the capture is not what the edit made`,
      );
    }
  }),

  siteCheck('folding a difference equals adding it', (backbone) => {
    for (const site of backbone.linearSites) {
      const delta = randomMatrix(site, 0.1);
      const added = logits(backbone, { batch, logits: 'all', additions: only(site, matrixAddition(delta)) }).flat();
      const weight = measured(() => Array.from(backbone.weight(site).dataSync()));
      backbone.fold(site, delta);
      expectClose(logits(backbone, { batch, logits: 'all' }).flat(), added, TOLERANCE, `logits, ${site.name} folded`);
      const sum = delta.dataSync().map((value, i) => value + weight[i]);
      expectClose(
        measured(() => backbone.weight(site).dataSync().slice()),
        sum,
        TOLERANCE,
        `the weight at ${site.name}`,
      );
      delta.dispose();
    }
  }),

  siteCheck('gradients reach the inputs of additions and edits', (backbone) => {
    for (const site of backbone.linearSites) {
      const matrix = randomMatrix(site, 0.3);
      const request = (scale: tf.Scalar) => ({ additions: only(site, scaledAddition(matrix, scale)) });
      expectScaleGradient(backbone, `an addition at ${site.name}`, request);
      matrix.dispose();
    }
    for (const { name } of backbone.activationSites) {
      const apply: ActivationEdit['apply'] = (x, [scale]) => tf.mul(x, scale);
      const request = (scale: tf.Scalar) => ({ edits: [{ site: name, key: 'scale', inputs: [scale], apply }] });
      expectScaleGradient(backbone, `an edit at ${name}`, request);
    }
  }),
];

function randomMatrix({ name, inFeatures, outFeatures }: LinearSite, spread: number): tf.Tensor2D {
  const values = seededRandom(3)
    .stream(name)
    .fillUniform(new Float32Array(inFeatures * outFeatures), -spread, spread);
  return tf.tensor2d(values, [outFeatures, inFeatures]);
}

const only =
  (at: LinearSite, addition: LinearAddition): Additions =>
  ({ name }) =>
    name === at.name ? addition : undefined;

const matrixAddition = (matrix: tf.Tensor2D): LinearAddition => ({
  inputs: [matrix],
  apply: (x, [given]) => tf.matMul(x, tf.transpose(given as tf.Tensor2D)),
});

const scaledAddition = (matrix: tf.Tensor2D, scale: tf.Scalar): LinearAddition => ({
  inputs: [scale],
  apply: (x, [given]) => tf.mul(tf.matMul(x, tf.transpose(matrix)), given),
});

/** Compares d loss / d scale at scale 1 with a central difference. */
function expectScaleGradient(
  backbone: Backbone,
  what: string,
  request: (scale: tf.Scalar) => Pick<ForwardRequest, 'additions' | 'edits'>,
): void {
  const loss = (scale: tf.Tensor): tf.Scalar => {
    const { logits } = backbone.forward({ batch, logits: 'last', ...request(scale as tf.Scalar) });
    return tf.mean(tf.square(logits as tf.Tensor));
  };
  const at = (scale: number) => measured(() => loss(tf.scalar(scale)).dataSync()[0]);
  const numeric = (at(1.01) - at(0.99)) / 0.02;
  const gradient = measured(() => tf.grad(loss)(tf.scalar(1)).dataSync()[0]);
  const close = Math.abs(gradient - numeric) <= 0.02 * Math.abs(numeric) + 2e-3 * Math.max(1, Math.abs(at(1)));
  demand(close, `the gradient of ${what} is ${gradient}, central differences give ${numeric}`);
}
