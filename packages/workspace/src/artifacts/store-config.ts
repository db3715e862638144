import { storeKinds } from '@gleaner/datastore';
import type { DatastoreConfig } from '@gleaner/datastore';

import type { DatastoreFile } from '../api/datastore.ts';
import { invalid } from '../errors.ts';

/** What opens the datastore, defaults filled in. Errors: `request_invalid` for what its type needs and it does not have. */
export function storeConfig(file: DatastoreFile): DatastoreConfig {
  const kind = storeKinds.find((one) => one.type === file['type']);
  if (kind === undefined) throw invalid(`There is no datastore of type ${JSON.stringify(file['type'])}.`);
  const credentials = file['credentials'];
  const given = new Map(Object.entries(file));
  if (typeof credentials === 'object' && credentials !== null)
    for (const [key, value] of Object.entries(credentials)) given.set(`credentials.${key}`, value);
  const settings: Record<string, string> = {};
  for (const [name, key] of Object.entries(kind.keys)) {
    const value = given.get(name) ?? key.default;
    if (typeof value === 'string') settings[name] = value;
    else if (key.required) throw invalid(`A datastore of type '${kind.type}' needs '${name}'.`);
  }
  return { kind, settings };
}
