import { GleanerError } from './errors.ts';

/** The longest collection name, in bytes of UTF-8: what every file system and store takes as one path part. */
export const maxCollectionNameBytes = 255;

/** The collections of payload logging: written by the collector itself, without the SDK. */
const payloadCollections = new Set(['request', 'response']);

/** True for `request` and `response`, in any case; every other collection belongs to the SDK. */
export function isPayloadCollection(name: string): boolean {
  return payloadCollections.has(name.toLowerCase());
}

/**
 * Collections are compared without case and written in lower case; this is the one place that says how.
 *
 * @throws GleanerError `collection_name_invalid` for a name that would not be one safe part of a path.
 */
export function canonicalCollectionName(text: string): string {
  const problem = collectionNameProblem(text);
  if (problem === undefined) return text.toLowerCase();
  throw new GleanerError('collection_name_invalid', problem, {
    fix: 'Take a short word such as model_inputs: letters, digits, _ and -.',
  });
}

/** Why `text` cannot name a collection, as a sentence; `undefined` when it can. */
export function collectionNameProblem(text: string): string | undefined {
  const reason = unsafePartReason(text.toLowerCase());
  return reason === undefined ? undefined : `Collection name ${quoteBriefly(text)} ${reason}.`;
}

function unsafePartReason(name: string): string | undefined {
  if (name === '') return 'is empty';
  if (!name.isWellFormed()) return 'holds half of a surrogate pair';
  const bytes = new TextEncoder().encode(name).byteLength;
  if (bytes > maxCollectionNameBytes) return `has ${bytes} bytes; the limit is ${maxCollectionNameBytes}`;
  if (name === '.' || name === '..') return 'is a path, not a name';
  if (/[/\\]/.test(name)) return 'holds a slash or backslash';
  if (/\p{Cc}/u.test(name)) return 'holds a control character';
  if (name !== name.trim()) return 'begins or ends with a blank';
  return undefined;
}

/** Quoted and escaped, cut to what fits a line of a log. */
function quoteBriefly(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

/** Why `name` cannot name an endpoint, in the words of `azure-ai-ml`; `undefined` when it can. */
export function endpointNameProblem(name: string): string | undefined {
  return resourceNameProblem(name, 'an endpoint');
}

/** Why `name` cannot name a deployment, in the words of `azure-ai-ml`; `undefined` when it can. */
export function deploymentNameProblem(name: string): string | undefined {
  return resourceNameProblem(name, 'a deployment');
}

function resourceNameProblem(name: string, kind: string): string | undefined {
  const characters = Array.from(name).length;
  if (characters < 3 || characters > 32) {
    return `The name for ${kind} must be at least 3 and at most 32 characters long (inclusive of both limits).`;
  }
  if (!/^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$/.test(name)) {
    return `The name for ${kind} must start with an upper- or lowercase letter
 and only consist of '-'s and alphanumeric characters.`;
  }
  return undefined;
}
