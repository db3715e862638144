import { GleanerError } from '@gleaner/protocol';
import { usageError } from '../../output/failure.ts';
import { tokenFor } from '../login/token.ts';
import { serverOf, workspacePath } from './target.ts';
import type { Target } from './target.ts';

export interface Request {
  method?: 'GET' | 'PUT' | 'PATCH' | 'POST' | 'DELETE';
  /** Below the workspace, `/onlineEndpoints/iris`, or from the root on: `/subscriptions/…`, `/providers/…`, `/servicePrincipals`. */
  path: string;
  body?: unknown;
  /** Instead of `body`: sent as they are. */
  bytes?: Uint8Array<ArrayBuffer>;
  headers?: Readonly<Record<string, string>>;
}

export interface Answer<T> {
  status: number;
  headers: Headers;
  body: T;
}

/**
 * A workspace's REST interface, with the token of this user in every request. Its errors: `login_required`, `workspace_refused`,
 * `workspace_not_found`, `workspace_failed`, `workspace_unreachable`, `credentials_unreadable`.
 */
export interface Client {
  /** The path of the workspace: the beginning of every id. */
  readonly workspace: string;
  send<T>(request: Request): Promise<Answer<T>>;
  get<T>(path: string): Promise<T>;
  /** `undefined` where there is none. */
  find<T>(path: string): Promise<T | undefined>;
  /** All pages. */
  list<T>(path: string): Promise<T[]>;
}

/** `token`: in the place of the one that is kept. Errors: `usage_invalid` for `--local`, or an address that is none. */
export function createClient(target: Target, { token: given }: { token?: string } = {}): Client {
  if (target.local) {
    throw usageError(
      '--local asks for a container on this machine; here every deployment is on this machine.',
      'Leave --local out.',
    );
  }
  const server = serverOf(target);
  if (!URL.canParse(server)) throw usageError(`${server} is no address.`, 'Write http://127.0.0.1:5080.');
  const workspace = workspacePath(target);
  let token = given === undefined ? undefined : Promise.resolve<string | undefined>(given);

  const send = async <T>({ method = 'GET', path, body, bytes, headers }: Request): Promise<Answer<T>> => {
    const url = `${server}${fromRoot.test(path) ? '' : workspace}${path}`;
    const credential = await (token ??= tokenFor({ server, tokenFile: target.tokenFile }));
    const content = bytes ?? (body === undefined ? undefined : JSON.stringify(body));
    const type = bytes === undefined ? 'application/json' : 'application/octet-stream';
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, {
        method,
        headers: {
          ...(credential !== undefined && { authorization: `Bearer ${credential}` }),
          ...(content !== undefined && { 'content-type': type }),
          ...headers,
        },
        ...(content !== undefined && { body: content }),
      });
      text = await response.text();
    } catch (cause) {
      throw unreachable(server, cause);
    }
    const parsed = parse(text);
    if (!response.ok) throw refusal(response.status, parsed, text);
    return { status: response.status, headers: response.headers, body: parsed as T };
  };
  const get = async <T>(path: string): Promise<T> => (await send<T>({ path })).body;
  return {
    workspace,
    send,
    get,
    async find<T>(path: string) {
      try {
        return await get<T>(path);
      } catch (error) {
        if (error instanceof GleanerError && error.code === 'workspace_not_found') return undefined;
        throw error;
      }
    },
    async list<T>(path: string) {
      const items: T[] = [];
      for (let next: string | undefined = path; next !== undefined;) {
        const page: { value: T[]; nextLink?: string | null } = await get(next);
        items.push(...page.value);
        next = page.nextLink ? pathOf(page.nextLink) : undefined;
      }
      return items;
    },
  };
}

const fromRoot = /^\/(?:subscriptions|providers|servicePrincipals|account)(?:[/?]|$)/;

/** An address that the workspace gave, without its host: callers may know it by another one. */
export function pathOf(address: string): string {
  const { pathname, search } = new URL(address, 'http://localhost');
  return `${pathname}${search}`;
}

/** What an error of the interface says. */
export interface RestError {
  code: string;
  message: string;
  details?: readonly { code: string; message: string }[];
}

/** The error for what the interface answered; the log that explains it stands below its message. */
export function restError(code: string, { code: restCode, message, details = [] }: RestError): GleanerError {
  const told = details.filter(({ code }) => code !== 'fix');
  const fix = details.find(({ code }) => code === 'fix')?.message;
  const lines = [`(${restCode}) ${message}`, ...told.map(({ message }) => message.trimEnd())];
  return new GleanerError(code, lines.join('\n'), fix === undefined ? {} : { fix });
}

function refusal(status: number, body: unknown, text: string): GleanerError {
  const error = (body as { error?: Partial<RestError> } | undefined)?.error;
  const code = codeOf(status);
  if (typeof error?.message !== 'string') {
    return new GleanerError(code, `The workspace answered ${status}: ${text.slice(0, 500) || 'nothing'}.`);
  }
  const { message, details } = error;
  return restError(code, { code: error.code ?? String(status), message, ...(details && { details }) });
}

function codeOf(status: number): string {
  if (status === 412) return 'etag_mismatch';
  if (status < 500 && status !== 404) return status === 401 ? 'login_required' : 'workspace_refused';
  return status === 404 ? 'workspace_not_found' : 'workspace_failed';
}

function unreachable(server: string, error: unknown): GleanerError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return new GleanerError('workspace_unreachable', `No workspace answers at ${server}.`, {
    cause,
    retryable: true,
    fix: 'Start one with gleaner up, or name its address with --server.',
  });
}

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
