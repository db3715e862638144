import { WorkspaceError } from '../errors.ts';

export interface CallerHeaders {
  host?: string | undefined;
  origin?: string | undefined;
}

/**
 * A browser that was led here by another site, or by a name that was made to point here, is refused: only names of loopback
 * and that of `publicUrl` are ours. Errors: `request_refused`.
 */
export function createCallerCheck(publicUrl: string): (headers: CallerHeaders) => void {
  const own = new URL(publicUrl);
  const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);
  return ({ host, origin }) => {
    const name = host === undefined ? undefined : URL.parse(`http://${host}`)?.hostname;
    if (name === undefined || (!loopback.has(name) && name !== own.hostname))
      throw new WorkspaceError(
        'request_refused',
        `This workspace does not answer to the host ${JSON.stringify(host ?? '')}.`,
        {
          fix: `Call it by ${publicUrl}.`,
        },
      );
    if (origin === undefined || origin === own.origin) return;
    const from = URL.parse(origin);
    if (from !== null && loopback.has(from.hostname) && loopback.has(own.hostname) && from.port === own.port)
      return;
    throw new WorkspaceError(
      'request_refused',
      `Pages of ${JSON.stringify(origin)} may not use this workspace.`,
    );
  };
}
