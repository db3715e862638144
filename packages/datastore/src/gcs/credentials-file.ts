import { readFile } from 'node:fs/promises';
import type * as Library from 'google-auth-library';
import type {
  AuthClient,
  AwsClientOptions,
  IdentityPoolClientOptions,
  PluggableAuthClientOptions,
} from 'google-auth-library';

/** Rejects with an error of the system when the file cannot be read, and with one that quotes nothing of it otherwise. */
export async function clientFromFile(
  library: typeof Library,
  { path, scopes }: { path: string; scopes: string[] },
): Promise<AuthClient> {
  const json = parse(await readFile(path, 'utf8'));
  const text = (name: string) => {
    const value = json[name];
    if (typeof value !== 'string' || value === '') throw new Error(`the file has no ${name}`);
    return value;
  };
  const type = text('type');
  switch (type) {
    case 'service_account':
      return new library.JWT({ email: text('client_email'), key: text('private_key'), scopes });
    case 'authorized_user':
      return new library.UserRefreshClient({
        clientId: text('client_id'),
        clientSecret: text('client_secret'),
        refreshToken: text('refresh_token'),
      });
    case 'external_account':
      return externalClient(library, { ...json, scopes });
    default:
      throw new Error(
        `the file is of type ${type}, and service_account, authorized_user and external_account are read; ` +
          'name others in GOOGLE_APPLICATION_CREDENTIALS, and leave credentials_file out',
      );
  }
}

/** Google's own choice among the three, which it makes with a warning on the console that files may be forged. */
function externalClient(library: typeof Library, options: ExternalAccount): AuthClient {
  const source = options.credential_source;
  const has = (name: string) => typeof source === 'object' && source !== null && name in source;
  if (has('environment_id')) return new library.AwsClient(options as AwsClientOptions);
  if (has('executable')) return new library.PluggableAuthClient(options as PluggableAuthClientOptions);
  return new library.IdentityPoolClient(options as IdentityPoolClientOptions);
}

type ExternalAccount = { credential_source?: unknown; scopes: string[] };

function parse(content: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(content);
  } catch {
    // The parser's own error quotes the file.
    throw new Error('the file is no JSON');
  }
  if (typeof json !== 'object' || json === null) throw new Error('the file is no JSON object');
  return { ...json };
}
