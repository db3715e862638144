import type { JsonObject } from '../catalog/catalog.ts';

interface Body {
  id?: unknown;
  name?: unknown;
  type?: unknown;
  systemData?: unknown;
  properties: object;
}

/** What we answer, and take back without reading it: who shows a resource may send it again. */
export function withoutAnswered<T extends Body>(body: T): Omit<T, 'id' | 'name' | 'type' | 'systemData'> {
  const { id: _id, name: _name, type: _type, systemData: _systemData, ...rest } = body;
  const properties = { ...rest.properties };
  for (const key of ['provisioningState', 'scoringUri', 'swaggerUri'])
    Reflect.deleteProperty(properties, key);
  return { ...rest, properties };
}

/** RFC 7396, but for the keys of `whole`, whose values are replaced and not merged. */
export function mergePatch(
  target: JsonObject,
  patch: JsonObject,
  { whole = [] }: { whole?: readonly string[] } = {},
): JsonObject {
  const merged: Record<string, unknown> = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    const before = merged[key];
    if (value === null) delete merged[key];
    else if (isObject(value) && !whole.includes(key))
      merged[key] = mergePatch(isObject(before) ? before : {}, value, { whole });
    else merged[key] = value;
  }
  return merged;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
