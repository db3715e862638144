/** Everything worth telling, in one file. Bodies, secrets and addresses of databases are never logged. */
import type { Logger } from 'pino';

import type { Operation } from './catalog/catalog.ts';

export interface WorkspaceEvents {
  listening(at: { port: number; publicUrl: string }): void;
  artifact(line: string): void;
  applied(id: string): void;
  routesFailed(error: unknown): void;
  restoreFailed(id: string | undefined, error: unknown, reason: string): void;
  operationFailed(operation: Operation, error: unknown): void;
  auditFailed(error: unknown): void;
  requestFailed(error: unknown, request: { method: string; url: string }): void;
}

export function createWorkspaceEvents(logger: Logger): WorkspaceEvents {
  return {
    listening: ({ port, publicUrl }) =>
      logger.info({ event: 'listening', port }, `workspace answers at ${publicUrl}`),
    artifact: (line) => logger.info({ event: 'artifact' }, line),
    applied: (id) => logger.info({ event: 'applied', id }, 'a deployment runs as the catalog says'),
    routesFailed: (error) =>
      logger.error({ event: 'routes_failed', err: error }, 'the runtime did not take the routes'),
    restoreFailed: (id, error, reason) =>
      logger.error(
        { event: 'restore_failed', id, err: error },
        `a deployment could not be brought back: ${reason}`,
      ),
    operationFailed: ({ id, kind, resourceId }, error) =>
      logger.error({ event: 'operation_failed', id, kind, resourceId, err: error }, 'an operation broke'),
    auditFailed: (error) =>
      logger.error({ event: 'audit_failed', err: error }, 'a line of the audit could not be written'),
    requestFailed: (error, { method, url }) =>
      logger.error(
        { event: 'request_failed', method, path: url.split('?')[0], err: error },
        'a request could not be answered',
      ),
  };
}
