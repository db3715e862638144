import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import type { StoreSettings } from '../kind.ts';
import { identityOf, parseS3Settings } from './settings.ts';
import type { S3Settings } from './settings.ts';

const bucket = 'some-bucket';
const id = { 'credentials.access_key_id': 'AKIA1' };
const secret = { 'credentials.secret_access_key': 'never-shown' };
const token = { 'credentials.session_token': 'never-shown' };
const roleArn = 'arn:aws:iam::123456789012:role/team/writer';
const tokenFile = { AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/token' };

function identity(settings: StoreSettings, clientId?: string): string {
  const context = clientId === undefined ? {} : { clientId };
  return identityOf(parseS3Settings({ bucket, ...settings }, context, tokenFile).login);
}

function parsed(settings: StoreSettings): S3Settings {
  return parseS3Settings({ bucket, ...settings }, {}, {});
}

function refused(settings: StoreSettings, clientId?: string): string {
  const context = clientId === undefined ? {} : { clientId };
  try {
    parseS3Settings({ bucket, ...settings }, context, {});
  } catch (error) {
    assert.ok(error instanceof Error && 'code' in error && error.code === 'store_settings_invalid');
    assert.ok(!inspect(error).includes('never-shown'));
    return error.message;
  }
  return assert.fail('it was taken');
}

describe('parseS3Settings', () => {
  it('names who writes', () => {
    assert.equal(identity({}), "the identity of AWS's default chain");
    assert.equal(identity({ ...id, ...secret }), 'access key AKIA1');
    assert.equal(identity({ ...id, ...secret, ...token }), 'access key AKIA1');
    assert.equal(identity({ profile: 'team' }), 'profile team');
    assert.equal(identity({}, roleArn), `role ${roleArn}`);
  });

  it('refuses half credentials', () => {
    assert.match(refused(id), /no secret_access_key/);
    assert.match(refused(secret), /no access_key_id/);
    assert.match(refused(token), /no access_key_id/);
    assert.match(refused({ ...id, ...token }), /no secret_access_key/);
  });

  it('refuses two identities, and a client id that is none', () => {
    assert.match(refused({ ...id, ...secret, profile: 'team' }), /credentials and profile/);
    assert.match(refused({ profile: 'team' }, roleArn), /profile and client_id/);
    assert.match(refused({ ...id, ...secret }, roleArn), /credentials and client_id/);
    assert.match(refused({}, '2f7e1c1a-0000-0000-0000-000000000000'), /is no role/);
    assert.match(refused({}, roleArn), /no web identity/);
  });

  it('takes names of buckets only', () => {
    for (const name of [
      '',
      'ab',
      'Upper',
      'under_score',
      's3://x',
      'a/b',
      'a..b',
      '-a-',
      '192.168.0.1',
      'x'.repeat(64),
    ])
      assert.match(refused({ bucket: name }), /no name of a bucket/, name);
    for (const name of ['abc', 'a.b-c', 'x'.repeat(63)]) parseS3Settings({ bucket: name }, {}, {});
  });

  it('puts the bucket into the path of another service, unless it is told otherwise', () => {
    const [minio, aws] = ['https://minio.example:9000', 'https://s3.eu-central-1.amazonaws.com'];
    assert.deepEqual(
      [parsed({}), parsed({ endpoint: aws }), parsed({ endpoint: minio })].map((one) => [
        one.isOtherService,
        one.isPathStyle,
      ]),
      [
        [false, false],
        [false, false],
        [true, true],
      ],
    );
    assert.equal(parsed({ endpoint: minio, path_style: 'false' }).isPathStyle, false);
    assert.equal(parsed({ path_style: 'true' }).isPathStyle, true);
    assert.match(refused({ path_style: 'yes' }), /path_style is "yes"/);
  });

  it('takes plain addresses as endpoints, and repeats none that may hold a password', () => {
    for (const endpoint of [
      'minio',
      'ftp://minio',
      'https://user:never-shown@minio',
      'https://minio?x=never-shown',
    ])
      assert.match(refused({ endpoint }), /no plain http/);
  });
});
