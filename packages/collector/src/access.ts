import { timingSafeEqual } from 'node:crypto';
import { CollectorError, causeOf } from './errors.ts';

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Whoever can reach the port can write or read there: beyond loopback that takes a token. Errors: `token_required`. */
export function requireTokenBeyondLoopback(at: {
  host: string;
  token: string | undefined;
  name: string;
}): void {
  if (isLoopback(at.host) || at.token !== undefined) return;
  throw new CollectorError(
    'token_required',
    `The ${at.name} port would listen on ${at.host} for everybody.`,
    {
      fix: `Set ${at.name}.token, or listen on 127.0.0.1.`,
    },
  );
}

export function cannotListen(
  at: { host: string; port: number; name: string; setting?: string },
  cause: unknown,
): CollectorError {
  const message = `The ${at.name} port cannot be opened on ${at.host}:${at.port}: ${causeOf(cause)}.`;
  return new CollectorError('address_in_use', message, {
    cause,
    fix: `Stop what uses the port, or choose another one (${at.setting ?? `--${at.name}-port, or ${at.name}.port`}; 0 takes any).`,
  });
}

/** Whether an `Authorization` header carries the token; compared in constant time. */
export function bearerCheck(token: string | undefined): (authorization: string | undefined) => boolean {
  if (token === undefined) return () => true;
  const expected = Buffer.from(`Bearer ${token}`);
  return (authorization = '') => {
    const given = Buffer.from(authorization);
    return given.length === expected.length && timingSafeEqual(given, expected);
  };
}
