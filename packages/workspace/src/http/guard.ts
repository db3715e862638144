/** Lets a request in when its caller may do what its route declares, and writes down changes and refusals. */
import { authorise } from '@gleaner/protocol';
import type { Demand } from '@gleaner/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { Audit, AuditEntry } from '../access/audit.ts';
import type { FailureLimit } from '../access/failures.ts';
import { identify } from '../access/identify.ts';
import type { Caller, IdentifyContext } from '../access/identify.ts';
import { WorkspaceError } from '../errors.ts';
import { scopeOf } from './route-access.ts';
import type { RouteAccess } from './route-access.ts';

export interface GuardedRoute {
  method: string;
  url: string;
  access: RouteAccess;
}

export interface GuardContext extends IdentifyContext {
  audit: Audit;
  failures: FailureLimit;
  onAuditFailed: (error: unknown) => void;
  /** Told of every route. */
  onRoute?: (route: GuardedRoute) => void;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sent it; everywhere but in routes for anyone. */
    caller: Caller | undefined;
    /** What the audit tells of it. */
    audited: Audited;
  }
}

interface Audited extends Partial<Pick<AuditEntry, 'action' | 'scope' | 'because'>> {
  /** Of a request that is refused; `limited` is not written. */
  outcome?: AuditEntry['outcome'] | 'limited';
}

/** From here on, a route that does not declare in its `config` whom it is for is an error of its registration. */
export function guardRoutes(server: FastifyInstance, context: GuardContext): void {
  server.decorateRequest('caller', undefined);
  server.decorateRequest('audited');
  server.addHook('onRoute', ({ method, url, config }) => {
    const access = config?.access;
    if (access === undefined) throw new Error(`${String(method)} ${url} does not declare whom it is for`);
    for (const one of [method].flat()) context.onRoute?.({ method: one, url, access });
  });
  server.addHook('onRequest', async (request, reply) => {
    request.audited = {};
    await admit(request, { reply, context });
  });
  server.addHook('onSend', async (request, reply) => {
    const entry = entryOf(request, reply);
    if (entry !== undefined) await context.audit.write(entry).catch(context.onAuditFailed);
  });
}

/** For what a route finds out later. Errors: `access_denied`. */
export function requireAccess(request: FastifyRequest, demand: Demand): void {
  decide(request, [demand]);
}

/** The caller of a route that is not for anyone. */
export function callerOf({ caller }: FastifyRequest): Caller {
  if (caller === undefined) throw new Error('a route for anyone has no caller');
  return caller;
}

async function admit(
  request: FastifyRequest,
  { reply, context }: { reply: FastifyReply; context: GuardContext },
): Promise<void> {
  const { config, url } = request.routeOptions;
  const { access } = config;
  if (access?.kind === 'anyone') return;
  const action = access?.kind === 'action' ? access.action : undefined;
  const identified = await identify(request.headers.authorization, context);
  if (identified.kind !== 'caller') {
    if (action !== undefined) request.audited.action = action;
    throw refuse(identified.kind, { request, reply, context });
  }
  request.caller = identified.caller;
  // Nothing is there; who has a credential may know.
  if (request.is404 || url === undefined) return;
  if (access === undefined) throw new Error(`${request.method} ${url} does not declare whom it is for`);
  if (access.kind === 'authenticated') return;
  const scope = scopeOf(url, request.params as Record<string, string>);
  const { dataAction } = access;
  decide(request, [
    { action: access.action, scope },
    ...(dataAction === undefined ? [] : [{ action: dataAction, scope, kind: 'data' as const }]),
  ]);
}

/** One of them is enough; the first is what the audit and the refusal name. */
function decide(request: FastifyRequest, [demand, ...others]: readonly [Demand, ...Demand[]]): void {
  const { principal, grants } = callerOf(request);
  request.audited = { ...request.audited, action: demand.action, scope: demand.scope };
  const decision = authorise(grants, demand);
  if (decision.kind === 'allowed' || others.some((one) => authorise(grants, one).kind === 'allowed')) return;
  request.audited = { ...request.audited, outcome: 'denied', because: decision.because };
  throw new WorkspaceError(
    'access_denied',
    `${principal.displayName} (${principal.id}) may not do '${demand.action}' on '${demand.scope}': ${decision.because}.`,
    {
      fix: 'Ask an owner for gleaner role assignment create --assignee … --role … --scope …',
    },
  );
}

const wrongs = {
  missing: ['credential_missing', 'The request has no credential.'],
  wrong: ['credential_wrong', 'The credential of the request is not one of this workspace.'],
  expired: ['credential_wrong', 'The credential of the request has expired.'],
} as const;

function refuse(
  kind: keyof typeof wrongs,
  { request, reply, context }: { request: FastifyRequest; reply: FastifyReply; context: GuardContext },
): WorkspaceError {
  const { failures } = context;
  const [code, message] = wrongs[kind];
  request.audited.outcome = 'unauthenticated';
  if (failures.isOver(request.ip)) {
    request.audited.outcome = 'limited';
    const seconds = failures.retryAfterSeconds();
    void reply.header('retry-after', String(seconds));
    return new WorkspaceError('attempts_too_many', 'Too many requests without a good credential.', {
      fix: `Wait ${seconds} s. Requests with a good credential are answered all the time.`,
      retryable: true,
    });
  }
  void reply.header('www-authenticate', 'Bearer');
  const fix =
    'Log in with gleaner login, or set GLEANER_TOKEN. The first start of gleaner up printed a token.';
  return new WorkspaceError(code, message, { fix });
}

/** Nothing for what only reads and was let; nor for those over the limit, which would fill the file. */
function entryOf(request: FastifyRequest, { statusCode }: FastifyReply): AuditEntry | undefined {
  const { audited, caller, method, ip } = request;
  // Refused before it was looked at: it is for another host.
  if (audited === undefined) return undefined;
  const { outcome = statusCode < 400 ? 'done' : 'failed' } = audited;
  const isReading = method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
  if (isReading && outcome !== 'denied' && outcome !== 'unauthenticated') return undefined;
  if (outcome === 'limited') return undefined;
  const { id, displayName } = caller?.principal ?? {};
  return {
    ...(id !== undefined && displayName !== undefined && { principal: { id, name: displayName } }),
    from: ip,
    method,
    action: audited.action ?? '',
    scope: audited.scope ?? request.url.split('?')[0] ?? '',
    outcome,
    status: statusCode,
    ...(audited.because !== undefined && { because: audited.because }),
  };
}
