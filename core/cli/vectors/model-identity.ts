import { z } from 'zod';
import { modelHashes } from '../../run/environment.js';
import { findModel } from '../../weights/model-files.js';

/** A model as JSON tells of it: what it was called, and SHA-256 of its files by name. */
export const modelIdentity = z.object({ reference: z.string(), sha256: z.record(z.string(), z.string()) });
export type ModelIdentity = z.infer<typeof modelIdentity>;

/** The model that a reference names. @throws PalimpsestError MODEL_NOT_FOUND, MODEL_FILE */
export async function identityOf(reference: string): Promise<ModelIdentity> {
  return { reference, sha256: await modelHashes(await findModel(reference)) };
}

/** Whether two models have the same files, whatever they are called. */
export function sameFiles(one: ModelIdentity, other: ModelIdentity): boolean {
  const hashes = ({ sha256 }: ModelIdentity) => Object.values(sha256).sort().join();
  return hashes(one) === hashes(other);
}
