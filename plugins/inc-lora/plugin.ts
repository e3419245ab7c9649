import { definePlugin } from '../../core/index.js';
import { IncLora } from './adapter.js';
import { incLoraOptions } from './options.js';

export default definePlugin({
  name: 'inc-lora',
  summary: 'A low-rank adapter that grows by a fresh pair for every task, with earlier pairs frozen.',
  paper: 'Hu et al. 2021, arXiv 2106.09685, eq. 3; as the base method IncLora in arXiv 2406.12227',
  provides: { adapter: IncLora },
  declares: ({ growth, targets }) => ({
    writes: { linear: targets, variables: growth === 'single' ? 'run' : 'task', pairs: true },
  }),
  options: incLoraOptions,
});
