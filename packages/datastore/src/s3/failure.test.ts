/** What the real client makes of answers, and we of that. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { startAnsweringServer } from '@gleaner/testkit';
import type { Answer } from '@gleaner/testkit';
import { failsWith } from '../contract.ts';
import type { Datastore } from '../datastore.ts';
import type { DatastoreErrorCode } from '../errors.ts';
import { openS3Datastore } from './s3.ts';

const bucket = 'some-bucket';
const secret = 'never-shown-secret';
const token = 'never-shown-token';

async function withAnswer(
  answer: Answer | undefined,
  check: (store: Datastore) => Promise<void>,
): Promise<void> {
  await using server = await startAnsweringServer(() => answer);
  await using store = await openS3Datastore(
    {
      bucket,
      endpoint: server.endpoint,
      'credentials.access_key_id': 'AKIA1',
      'credentials.secret_access_key': secret,
      'credentials.session_token': token,
    },
    {},
  );
  await check(store);
}

const answered = (status: number, code: string, message = `about ${code}`): Answer => ({
  status,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
});

const cases: [Answer, DatastoreErrorCode, RegExp][] = [
  [answered(403, 'AccessDenied'), 'store_permission_denied', /s3:PutObject.*some-bucket/],
  [answered(403, 'InvalidAccessKeyId'), 'store_permission_denied', /Correct the access key/],
  [answered(400, 'ExpiredToken'), 'store_permission_denied', /expired/],
  [answered(403, 'RequestTimeTooSkewed'), 'store_permission_denied', /clock/],
  [answered(404, 'NoSuchBucket'), 'store_container_not_found', /some-bucket/],
  [answered(400, 'AuthorizationHeaderMalformed'), 'store_container_not_found', /region/],
  [answered(503, 'SlowDown'), 'store_throttled', /slow down/],
  [answered(429, 'TooManyRequests'), 'store_throttled', /slow down/],
  [{ status: 503 }, 'store_throttled', /slow down/],
  [{ status: 502, body: '<html>Bad Gateway</html>' }, 'store_unreachable', /does not answer/],
  [answered(507, 'XMinioStorageFull'), 'store_full', /no room/],
  [answered(500, 'InternalError'), 'store_failed', /InternalError/],
];

describe('s3Failure', () => {
  for (const [answer, code, words] of cases) {
    const name = /<Code>(\w+)/.exec(answer.body ?? '')?.[1] ?? 'without a code';
    it(`takes ${answer.status} ${name} for ${code}`, async () => {
      await withAnswer(answer, async (store) => {
        const error = await failsWith(code, store.put('a', Buffer.from('a')));
        assert.match(`${error.message} ${error.fix}`, words);
        assert.equal(error.retryable, true);
        assert.deepEqual(inspect(error.cause).includes(`status: ${answer.status}`), true);
      });
    });
  }

  it('names the access key, the bucket and the permission of each call', async () => {
    await withAnswer(answered(403, 'AccessDenied'), async (store) => {
      const calls: [Promise<unknown>, string][] = [
        [store.put('a', Buffer.from('a')), 's3:PutObject'],
        [store.delete('a'), 's3:DeleteObject'],
        [Array.fromAsync(store.read('a')), 's3:GetObject'],
        [Array.fromAsync(store.list('')), 's3:ListBucket'],
        [store.length('a'), 's3:ListBucket'],
      ];
      const errors = await Promise.all(calls.map(([call]) => failsWith('store_permission_denied', call)));
      for (const [index, { message }] of errors.entries()) {
        for (const word of ['access key AKIA1', bucket, calls[index]?.[1] ?? '']) {
          assert.ok(message.includes(word), message);
        }
      }
    });
  });

  it('finds the reason that an answer to HEAD cannot give', async () => {
    await withAnswer(answered(400, 'ExpiredToken'), async (store) => {
      const { message } = await failsWith('store_permission_denied', store.length('a'));
      assert.match(message, /ExpiredToken/);
    });
  });

  it('shows no secret, not even one that the service repeats', async () => {
    const repeating = answered(403, 'AccessDenied', `not with ${secret} and ${token}`);
    await withAnswer(repeating, async (store) => {
      const error = await failsWith('store_permission_denied', store.put('a', Buffer.from('a')));
      const everything = inspect(error, { depth: Infinity, showHidden: true });
      for (const one of [secret, token, 'Signature=']) assert.ok(!everything.includes(one), everything);
    });
  });

  it('notices that an object was cut on its way', async () => {
    await withAnswer({ status: 200, body: 'some bytes', isCut: true }, async (store) => {
      await failsWith('store_unreachable', Array.fromAsync(store.read('a')));
    });
  });

  it('closes the connection of a call that is given up', async () => {
    await using server = await startAnsweringServer(() => undefined);
    await using store = await openS3Datastore(
      {
        bucket,
        endpoint: server.endpoint,
        'credentials.access_key_id': 'AKIA1',
        'credentials.secret_access_key': secret,
      },
      {},
    );
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

  it('says that there are no credentials at all', async () => {
    const before = { ...process.env };
    for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
    Object.assign(process.env, {
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    });
    try {
      for (const [settings, who] of [
        [{}, 'default chain'],
        [{ profile: 'no-such' }, 'profile no-such'],
      ] as const) {
        await using store = await openS3Datastore(
          { bucket, endpoint: 'http://127.0.0.1:1', ...settings },
          {},
        );
        const error = await failsWith('store_permission_denied', store.put('a', Buffer.from('a')));
        assert.ok(error.message.includes(who), error.message);
        assert.match(error.fix ?? '', /Set credentials/);
      }
      process.env['AWS_WEB_IDENTITY_TOKEN_FILE'] = '/no/such/token';
      const clientId = 'arn:aws:iam::123456789012:role/writer';
      await using store = await openS3Datastore({ bucket, endpoint: 'http://127.0.0.1:1' }, { clientId });
      const { message } = await failsWith('store_permission_denied', store.put('a', Buffer.from('a')));
      assert.match(message, /role arn:aws:iam::123456789012:role\/writer.*\/no\/such\/token/);
    } finally {
      for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
      Object.assign(process.env, before);
    }
  });
});
