import { type ModelConfig, problem } from '../../core/index.js';

/**
 * Rotary frequencies [d_h / 2] in radians per token: theta^(-2i / d_h), scaled as config.rope_scaling says. GGUF files of
 * Llama 3.x carry the scaling as divisors instead.
 * @param divisors `rope_freqs` of a GGUF file [d_h / 2]
 * @throws PalimpsestError ARCHITECTURE_UNSUPPORTED for a scaling that is not known
 */
export function rotaryFrequencies(config: ModelConfig, divisors?: Float32Array, where?: string): Float64Array {
  const half = config.head_dim / 2;
  const plain = Float64Array.from({ length: half }, (_, i) => config.rope_theta ** (-i / half));
  if (divisors) return plain.map((frequency, i) => frequency / divisors[i]);
  const scaling = config.rope_scaling;
  const type = scaling ? (scaling.rope_type ?? scaling.type ?? 'default') : 'default';
  if (type === 'default') return plain;
  if (type === 'linear') return plain.map((frequency) => frequency / Number(scaling?.factor));
  if (type === 'llama3') return plain.map((frequency) => llama3(frequency, scaling as Record<string, unknown>));
  throw problem('ARCHITECTURE_UNSUPPORTED', {
    where,
    expected: 'rope scaling llama3, linear or none',
    got: String(type),
  });
}

/**
 * Llama 3.1's scaling: wavelengths above original / low_freq_factor are stretched by `factor`, those below
 * original / high_freq_factor stay, those between are blended.
 */
function llama3(frequency: number, scaling: Readonly<Record<string, unknown>>): number {
  const factor = Number(scaling.factor);
  const low = Number(scaling.low_freq_factor);
  const high = Number(scaling.high_freq_factor);
  const original = Number(scaling.original_max_position_embeddings);
  const turns = (original * frequency) / (2 * Math.PI);
  if (turns < low) return frequency / factor;
  if (turns > high) return frequency;
  const blend = (turns - low) / (high - low);
  return (1 - blend) * (frequency / factor) + blend * frequency;
}
