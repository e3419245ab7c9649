import { definePlugin, z } from '../../core/index.js';
import { KnowledgeObserver } from './observer.js';

export const knowledgeOptions = z.strictObject({
  pictures: z.boolean().default(true).describe('Whether the curves are drawn too, an SVG for each set.'),
});

export default definePlugin({
  name: 'knowledge',
  summary: 'Tells forgotten knowledge from forgotten instructions: three accuracies of each set, after every task.',
  paper: 'Jiang et al. 2024, arXiv 2406.12227, section 2 and Fig. 3',
  provides: { observer: KnowledgeObserver },
  options: knowledgeOptions,
});
