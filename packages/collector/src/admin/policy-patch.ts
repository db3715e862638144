/** `{"collections": {"model_inputs": {"enabled": true, "samplingRate": 0.5}}}`: what is not named stays as it is. */
export type PolicyPatch = Map<string, { enabled?: boolean; samplingRate?: number }>;

export function readPolicyPatch(text: string): PolicyPatch | { problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: 'The body is not JSON.' };
  }
  const collections = isObject(value) ? value['collections'] : undefined;
  if (!isObject(collections))
    return { problem: 'Expected {"collections": {"<name>": {"enabled", "samplingRate"}}}.' };
  const patch: PolicyPatch = new Map();
  for (const [name, change] of Object.entries(collections)) {
    const read = isObject(change) ? readChange(change) : { problem: 'is not an object' };
    if ('problem' in read) return { problem: `collections.${name} ${read.problem}.` };
    patch.set(name.toLowerCase(), read);
  }
  return patch;
}

function readChange(
  change: Record<string, unknown>,
): { enabled?: boolean; samplingRate?: number } | { problem: string } {
  const { enabled, samplingRate, ...others } = change;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return { problem: `has the unknown key "${unknown}"` };
  if (enabled !== undefined && typeof enabled !== 'boolean')
    return { problem: 'has an "enabled" that is not a boolean' };
  const isRate = typeof samplingRate === 'number' && samplingRate >= 0 && samplingRate <= 1;
  if (samplingRate !== undefined && !isRate)
    return { problem: 'has a "samplingRate" that is not a number from 0 to 1' };
  return { ...(enabled !== undefined && { enabled }), ...(isRate && { samplingRate }) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
