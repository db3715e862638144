import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type * as Library from 'google-auth-library';
import type { AuthClient } from 'google-auth-library';
import { clientFromFile } from './credentials-file.ts';
import { LoginFailed } from './failure.ts';
import type { GcsLogin, GcsSettings } from './settings.ts';

/**
 * Calls with the login of Google's own library. Not by its storage client: that one takes no AbortSignal, has no limit of
 * connections, closes those of everybody when one reader stops early, and after an upload with a wrong checksum deletes the
 * object it has just replaced.
 */
export interface GcsRequests {
  /** Rejects unless the status is 2xx or 308; with `response` where there is an answer, and with {@link LoginFailed}. */
  send(request: GcsRequest): Promise<GcsResponse>;
  close(): void;
}

export interface GcsRequest {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** At the endpoint, or a whole address. */
  path: string;
  headers?: Record<string, string>;
  body?: Uint8Array;
  /** Gives `data` as it comes. */
  isStreamed?: boolean;
  signal: AbortSignal;
}

export interface GcsResponse {
  status: number;
  headers: Headers;
  /** Parsed, where it is JSON. */
  data: unknown;
}

const scopes = ['https://www.googleapis.com/auth/devstorage.read_write'];
const maxConnections = 16;

/** Makes no call yet. */
export async function openGcsRequests({
  endpoint,
  login,
}: Pick<GcsSettings, 'endpoint' | 'login'>): Promise<GcsRequests> {
  const library = await import('google-auth-library');
  const options = { keepAlive: true, maxSockets: maxConnections, proxyEnv: process.env };
  const agents = { 'http:': new HttpAgent(options), 'https:': new HttpsAgent(options) };
  const logIn = createLogin(library, login);

  return {
    async send({ method = 'GET', path, headers = {}, body, isStreamed = false, signal }) {
      const { client, token } = await logIn();
      const url = new URL(path.startsWith('/') ? endpoint + path : path);
      for (const [name, value] of token) headers = { ...headers, [name]: value };
      return client.transporter.request({
        method,
        url,
        headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/octet-stream' }) },
        ...(body !== undefined && { data: Buffer.from(body.buffer, body.byteOffset, body.byteLength) }),
        responseType: isStreamed ? 'stream' : 'json',
        agent: url.protocol === 'http:' ? agents['http:'] : agents['https:'],
        validateStatus: (status) => (status >= 200 && status < 300) || (status === 308 && method === 'PUT'),
        // Who calls tries again, and knows when.
        retry: false,
        // It would look for secrets at every byte of a body: a fifth of a second per MiB. Its errors go no further than here.
        errorRedactor: false,
        signal,
      });
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

/** Finds the client once; that one renews its token when it has to. */
function createLogin(library: typeof Library, login: GcsLogin) {
  const find = (): Promise<AuthClient> | AuthClient => {
    if (login.kind === 'none') return new library.PassThroughClient();
    if (login.kind === 'file') return clientFromFile(library, { path: login.path, scopes });
    return new library.GoogleAuth({ scopes }).getClient();
  };
  let found: AuthClient | undefined;
  return async () => {
    try {
      const client = (found ??= await find());
      const token = login.kind === 'none' ? new Headers() : await client.getRequestHeaders();
      return { client, token };
    } catch (error) {
      throw new LoginFailed('no token could be had', { cause: error });
    }
  };
}
