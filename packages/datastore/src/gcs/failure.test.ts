/** What Google's login and the storage answer, and what we make of it. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { startAnsweringServer } from '@gleaner/testkit';
import type { Answer } from '@gleaner/testkit';
import { failsWith, textOf } from '../contract.ts';
import type { DatastoreErrorCode } from '../errors.ts';
import { openGcsDatastore } from './gcs.ts';

const bucket = 'some-bucket';
const token = 'ya29.never-shown_token';

const answered = (status: number, reason: string, message = `about ${reason}`): Answer => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ error: { code: status, message, errors: [{ reason, message }] } }),
});

const cases: [Answer, DatastoreErrorCode, RegExp][] = [
  [
    answered(403, 'forbidden'),
    'store_permission_denied',
    /storage\.objects\.create.*roles\/storage\.objectAdmin.*some-bucket/,
  ],
  [answered(401, 'authError'), 'store_permission_denied', /renew/],
  [answered(403, 'rateLimitExceeded'), 'store_throttled', /slow down/],
  [answered(404, 'notFound'), 'store_container_not_found', /some-bucket/],
  [answered(429, 'rateLimitExceeded'), 'store_throttled', /slow down/],
  [{ status: 503 }, 'store_throttled', /slow down/],
  [{ status: 502, body: '<html>Bad Gateway</html>' }, 'store_unreachable', /Bad Gateway/],
  [answered(500, 'backendError'), 'store_failed', /backendError/],
];

describe('gcsFailure', () => {
  for (const [answer, code, words] of cases) {
    it(`takes ${answer.status} ${/"reason":"(\w+)/.exec(answer.body ?? '')?.[1] ?? ''} for ${code}`, async () => {
      await using server = await startAnsweringServer(() => answer);
      await using store = await openGcsDatastore({ bucket, endpoint: server.endpoint }, {});
      const error = await failsWith(code, store.put('a', Buffer.from('a')));
      assert.match(`${error.message} ${error.fix}`, words);
      assert.equal(error.retryable, true);
    });
  }

  it('notices that an object was cut on its way', async () => {
    await using server = await startAnsweringServer(() => ({ status: 200, body: 'some bytes', isCut: true }));
    await using store = await openGcsDatastore({ bucket, endpoint: server.endpoint }, {});
    await failsWith('store_unreachable', Array.fromAsync(store.read('a')));
  });

  it('closes the connection of a call that is given up', async () => {
    await using server = await startAnsweringServer(() => undefined);
    await using store = await openGcsDatastore({ bucket, endpoint: server.endpoint }, {});
    const giving = new AbortController();
    const calls = [
      store.length('a', giving),
      store.put('a', Buffer.from('a'), giving),
      store.delete('a', giving),
    ];
    const failures = Promise.all(calls.map((call) => failsWith('store_timeout', call)));
    while ((await server.connections()) < calls.length) await sleep(5);
    giving.abort(new Error('enough'));
    await failures;
    while ((await server.connections()) > 0) await sleep(5);
  });

  it('puts a large object again after an upload that the service has ended', async () => {
    await using server = await startAnsweringServer(({ method, headers }) =>
      method === 'POST'
        ? { status: 200, headers: { location: `http://${headers.host}/session` } }
        : { status: 410 },
    );
    await using store = await openGcsDatastore({ bucket, endpoint: server.endpoint }, {});
    const bytes = Buffer.alloc(17 * 2 ** 20);
    const body = {
      byteLength: bytes.byteLength,
      async *open() {
        yield bytes;
      },
    };
    const { message, retryable } = await failsWith('store_failed', store.put('a', body));
    assert.match(message, /ended by the service/);
    assert.equal(retryable, true);
  });
});

const tokenAnswer: Answer = {
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    access_token: token,
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: 'Bearer',
    expires_in: 3600,
  }),
};

const repeating = ({ url }: IncomingMessage) =>
  url === '/token' ? tokenAnswer : answered(403, 'forbidden', `not with ${token}`);

describe('the login of Google', () => {
  it('sends the token that the file leads to, and asks for it once', async () => {
    let asked = 0;
    const answer = ({ url, headers }: IncomingMessage): Answer => {
      if (url === '/token') {
        asked++;
        return tokenAnswer;
      }
      return headers.authorization === `Bearer ${token}` ? { status: 200, body: 'yes' } : { status: 401 };
    };
    await withLogin(answer, async (settings) => {
      await using store = await openGcsDatastore(settings, {});
      assert.equal(await textOf(store, 'a'), 'yes');
      assert.equal(await textOf(store, 'a'), 'yes');
      assert.equal(asked, 1);
    });
  });

  it('shows no token, not even one that the service repeats, and names the file', async () => {
    await withLogin(repeating, async (settings) => {
      await using store = await openGcsDatastore(settings, {});
      const error = await failsWith('store_permission_denied', store.put('a', Buffer.from('a')));
      assert.ok(error.message.includes(`credentials file ${settings['credentials_file']}`), error.message);
      const everything = inspect(error, { depth: Infinity, showHidden: true });
      assert.ok(!everything.includes('never-shown'), everything);
    });
  });

  it('says that it was refused, or that nobody answered', async () => {
    const refusing: Answer = {
      status: 400,
      body: '{"error":"invalid_grant","error_description":"The token has expired."}',
    };
    for (const [answer, code, words] of [
      [
        { ...refusing, headers: { 'content-type': 'application/json' } },
        'store_permission_denied',
        /expired/,
      ],
      [{ status: 503 }, 'store_unreachable', /login of Google/],
    ] as const) {
      await withLogin(
        () => answer,
        async (settings) => {
          await using store = await openGcsDatastore(settings, {});
          const error = await failsWith(code, store.put('a', Buffer.from('a')));
          assert.match(error.message, words);
          assert.ok(!inspect(error, { depth: Infinity, showHidden: true }).includes('c2hvd24'));
        },
      );
    }
  });

  it('names a file that is not there or not of its form, and shows nothing of it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gleaner-gcs-'));
    const broken = join(folder, 'broken.json');
    const unknown = join(folder, 'unknown.json');
    await writeFile(broken, '-----BEGIN PRIVATE KEY----- never-shown');
    await writeFile(unknown, '{"type":"service_account","private_key":"never-shown","client_email":"a@b"}');
    try {
      for (const credentials of [join(folder, 'none.json'), broken, unknown]) {
        const settings = { bucket, endpoint: 'http://127.0.0.1:1', credentials_file: credentials };
        await using store = await openGcsDatastore(settings, {});
        const error = await failsWith('store_permission_denied', store.put('a', Buffer.from('a')));
        assert.ok(error.message.includes(credentials), error.message);
        assert.ok(!inspect(error, { depth: Infinity, showHidden: true }).includes('never-shown'));
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

/** A configuration of workload identity federation whose tokens come from the test. */
async function withLogin(
  answer: (request: IncomingMessage) => Answer,
  check: (settings: Record<string, string>) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'gleaner-gcs-'));
  await using server = await startAnsweringServer(answer);
  const [credentials, identity] = [join(folder, 'credentials.json'), join(folder, 'identity')];
  await writeFile(identity, 'eyJuZXZlcg.c2hvd24.aWRlbnRpdHk');
  const configuration = {
    type: 'external_account',
    audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    token_url: `${server.endpoint}/token`,
    credential_source: { file: identity },
  };
  await writeFile(credentials, JSON.stringify(configuration));
  try {
    await check({ bucket, endpoint: server.endpoint, credentials_file: credentials });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
