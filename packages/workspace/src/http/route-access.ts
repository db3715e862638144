/** What a route needs: declared beside its schema, as its `config`. */
import { invalid } from '../errors.ts';

export type RouteAccess =
  | { kind: 'anyone' }
  /** Whoever has a good credential; what the answer shows is about the caller, or checked by the route itself. */
  | { kind: 'authenticated' }
  /** An action on the resource of the path; with `dataAction`, that one on data will do as well. */
  | { kind: 'action'; action: string; dataAction?: string };

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: RouteAccess;
  }
}

export const workspaceActions = 'Microsoft.MachineLearningServices/workspaces';
export const blobActions = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs';

/** For the `config` of a route. */
export function needs(action: string, { dataAction }: { dataAction?: string } = {}): { access: RouteAccess } {
  return { access: { kind: 'action', action, ...(dataAction !== undefined && { dataAction }) } };
}

export const forAnyone: { access: RouteAccess } = { access: { kind: 'anyone' } };
export const forAuthenticated: { access: RouteAccess } = { access: { kind: 'authenticated' } };

/**
 * The resource that the path of a route is about, as a pattern: without the name of a list, an action or a file at its end.
 * `/a/:b/lists` and `/a/:b/lists/*` are about `/a/:b`.
 */
export function scopePattern(route: string): string {
  const parts = route.split('/').filter((part) => part !== '');
  const kept: string[] = [];
  for (let at = 0; at + 1 < parts.length;) {
    const isProvider = parts[at]?.toLowerCase() === 'providers';
    // A provider, and the first type with its name.
    const count = isProvider ? 4 : 2;
    const pair = parts.slice(at, at + count);
    if (pair.length < count || pair.includes('*')) break;
    kept.push(...pair);
    at += count;
  }
  return `/${kept.join('/')}`;
}

/** The same with the names of a request in it. Errors: `request_invalid` for a name that would lead elsewhere. */
export function scopeOf(route: string, params: Readonly<Record<string, string | undefined>>): string {
  return scopePattern(route).replaceAll(/:(\w+)/g, (_, name: string) => {
    const value = params[name] ?? '';
    if (!/[/\\]/.test(value)) return value;
    throw invalid(`${JSON.stringify(value)} is no name of a resource: it has a slash in it.`);
  });
}
