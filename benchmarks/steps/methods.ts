import type { PluginManifest } from '../../core/index.js';
import ewc from '../../plugins/ewc/plugin.js';
import ivKl from '../../plugins/iv-kl/plugin.js';
import ivg from '../../plugins/ivg/plugin.js';
import l2Anchor from '../../plugins/l2-anchor/plugin.js';
import lwf from '../../plugins/lwf/plugin.js';
import mas from '../../plugins/mas/plugin.js';
import oLora from '../../plugins/o-lora/plugin.js';
import replay from '../../plugins/replay/plugin.js';
import si from '../../plugins/si/plugin.js';

/** A plugin with its options as a config would give them. */
export interface Use {
  readonly manifest: PluginManifest;
  readonly options?: Readonly<Record<string, unknown>>;
}

/** A combination of methods on inc-lora. */
export interface Method {
  readonly name: string;
  /** Over rank 8 and alpha 16 on q_proj and v_proj. */
  readonly adapter?: Readonly<Record<string, unknown>>;
  readonly regularizers?: readonly Use[];
  readonly interventions?: readonly Use[];
}

/** @param vectors a file of mean head activations for the task */
export function methods(vectors: string): Method[] {
  const heads = { heads: 'smollm2-135m-instruct', activations: vectors };
  const guidance: Use = { manifest: ivg, options: { ...heads, shape: 'constant', from: 0.5 } };
  const divergence: Use = { manifest: ivKl, options: heads };
  return [
    { name: 'inc-lora' },
    {
      name: 'ewc over adapter',
      adapter: { growth: 'single' },
      regularizers: [{ manifest: ewc, options: { samples: 8 } }],
    },
    { name: 'ewc over merged', regularizers: [{ manifest: ewc, options: { over: 'merged', samples: 8 } }] },
    { name: 'lwf', regularizers: [{ manifest: lwf }] },
    { name: 'lwf, top 64', regularizers: [{ manifest: lwf, options: { top: 64 } }] },
    { name: 'o-lora', regularizers: [{ manifest: oLora }] },
    { name: 'replay, as many rows', regularizers: [{ manifest: replay }] },
    { name: 'si', adapter: { growth: 'single' }, regularizers: [{ manifest: si }] },
    { name: 'mas over merged', regularizers: [{ manifest: mas, options: { over: 'merged', samples: 8 } }] },
    { name: 'l2-anchor over merged', regularizers: [{ manifest: l2Anchor, options: { over: 'merged' } }] },
    { name: 'ivg', interventions: [guidance] },
    { name: 'iv-kl', regularizers: [divergence] },
    { name: 'ivg + iv-kl', regularizers: [divergence], interventions: [guidance] },
    { name: 'lwf + iv-kl + ivg', regularizers: [{ manifest: lwf }, divergence], interventions: [guidance] },
    {
      name: 'lwf, plain student + iv-kl + ivg',
      regularizers: [{ manifest: lwf, options: { student: 'plain' } }, divergence],
      interventions: [guidance],
    },
  ];
}
