import type { ListFileEntry } from '@huggingface/hub';
import { problem } from '../errors.js';

/** Milliseconds for the first answer of the hub: what an unreachable one costs. */
const answerTimeout = 4000;

/** Where the hub is: HF_ENDPOINT, by default the public one. */
function hubUrl(): string {
  return (process.env.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, '');
}

/** The files at a repository's root. @throws PalimpsestError MODEL_NOT_FOUND, MODEL_DOWNLOAD */
export async function listRepository(repository: string): Promise<ListFileEntry[]> {
  if (/^(1|true|yes|on)$/i.test(process.env.HF_HUB_OFFLINE ?? '')) {
    const remedy = 'Unset HF_HUB_OFFLINE, or give a local folder or GGUF file.';
    throw problem('MODEL_DOWNLOAD', { where: repository, got: 'HF_HUB_OFFLINE is set and the cache lacks it', remedy });
  }
  const { listFiles } = await import('@huggingface/hub');
  const files: ListFileEntry[] = [];
  try {
    for await (const entry of listFiles({ ...hubParameters(repository), fetch: answeringFetch })) {
      if (entry.type === 'file') files.push(entry);
    }
  } catch (error) {
    throw hubProblem(repository, 'not on this machine, and ', error);
  }
  return files;
}

/** A file of a repository as a blob whose slices are fetched by range. @throws PalimpsestError MODEL_DOWNLOAD */
export async function openRemoteFile(repository: string, path: string): Promise<Blob> {
  const { downloadFile } = await import('@huggingface/hub');
  const blob = await downloadFile({ ...hubParameters(repository), path, xet: false, fetch: patientFetch }).catch(
    (error: unknown) => {
      throw hubProblem(`${repository}: ${path}`, '', error);
    },
  );
  if (blob) return blob;
  throw problem('MODEL_DOWNLOAD', { where: repository, expected: path, got: 'no such file' });
}

function hubParameters(repository: string) {
  const token = process.env.HF_TOKEN;
  return { repo: repository, hubUrl: hubUrl(), ...(token?.startsWith('hf_') && { accessToken: token }) };
}

/** Gives up on a request that is not answered in full in time. */
const answeringFetch: typeof fetch = (input, init) =>
  fetch(input, { ...init, signal: AbortSignal.timeout(answerTimeout) });

/** Gives up on a request whose answer does not begin in time; the body may take as long as it needs. */
const patientFetch: typeof fetch = async (input, init) => {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(new Error(`no answer in ${answerTimeout / 1000} s`)), answerTimeout);
  try {
    return await fetch(input, { ...init, signal: abort.signal });
  } finally {
    clearTimeout(timer);
  }
};

function hubProblem(where: string, before: string, error: unknown) {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  if (status === 401 || status === 403 || status === 404) {
    const remedy = 'Check the id; for a private or gated model set HF_TOKEN.';
    return problem('MODEL_NOT_FOUND', { where, got: `${before}answer ${status} of ${hubUrl()}`, remedy });
  }
  return problem('MODEL_DOWNLOAD', { where, got: `${before}${hubUrl()} cannot be reached: ${reason(error)}` });
}

/** The innermost cause's message. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer in ${answerTimeout / 1000} s`;
  if (error.cause) return reason(error.cause);
  return error.message || ('code' in error ? String(error.code) : error.name);
}
