import { definePlugin, z } from '../../core/index.js';
import { SynapticIntelligence } from './regularizer.js';

export const siOptions = z.strictObject({
  c: z.number().min(0).default(1).describe('Weight of the pull.'),
  xi: z
    .number()
    .positive()
    .default(1e-3)
    .describe('Damping: added to the squared distance that a weight went, by which its part of the drop is divided.'),
});

export default definePlugin({
  name: 'si',
  summary:
    'Synaptic intelligence: pulls weights to where the last task left them, by their part in the drop of the loss.',
  paper: 'Zenke et al. 2017, arXiv 1703.04200, Eqs. 3-5',
  provides: { regularizer: SynapticIntelligence },
  declares: () => ({ reads: { variables: 'run' } }),
  options: siOptions,
});
