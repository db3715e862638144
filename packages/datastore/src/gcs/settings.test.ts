import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import type { StoreSettings } from '../kind.ts';
import { identityOf, parseGcsSettings } from './settings.ts';

const bucket = 'some-bucket';

function login(settings: StoreSettings): string {
  return parseGcsSettings({ bucket, ...settings }, {}).login.kind;
}

function refused(settings: StoreSettings, clientId?: string): string {
  try {
    parseGcsSettings({ bucket, ...settings }, clientId === undefined ? {} : { clientId });
  } catch (error) {
    assert.ok(error instanceof Error && 'code' in error && error.code === 'store_settings_invalid');
    assert.ok(!inspect(error).includes('never-shown'));
    return error.message;
  }
  return assert.fail('it was taken');
}

describe('parseGcsSettings', () => {
  it('logs in everywhere but on loopback without a file', () => {
    assert.equal(login({}), 'ambient');
    assert.equal(login({ endpoint: 'https://storage-team.p.googleapis.com' }), 'ambient');
    assert.equal(login({ credentials_file: '/etc/key.json' }), 'file');
    for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
      assert.equal(login({ endpoint: `http://${host}:4443` }), 'none');
      assert.equal(login({ endpoint: `http://${host}:4443`, credentials_file: '/etc/key.json' }), 'file');
    }
  });

  it('names who writes', () => {
    assert.match(identityOf({ kind: 'file', path: '/etc/key.json' }), /credentials file \/etc\/key\.json/);
  });

  it('sends no token over an open line', () => {
    assert.match(refused({ endpoint: 'http://storage.example' }), /not encrypted/);
    assert.match(refused({ endpoint: 'http://localhost.example' }), /not encrypted/);
  });

  it('takes plain addresses as endpoints, and repeats none that may hold a password', () => {
    for (const endpoint of ['storage', 'ftp://storage', 'https://user:never-shown@storage'])
      assert.match(refused({ endpoint }), /no plain https/);
  });

  it('refuses a client id', () => {
    assert.match(refused({}, '2f7e1c1a'), /client_id "2f7e1c1a" means nothing/);
  });

  it('takes names of buckets only', () => {
    const long = 'x'.repeat(64);
    for (const name of [
      '',
      'ab',
      'Upper',
      'gs://x',
      'a/b',
      'a..b',
      '-a-',
      '192.168.0.1',
      'goog1',
      'my-google',
      long,
    ])
      assert.match(refused({ bucket: name }), /no name of a bucket/, name);
    for (const name of ['abc', 'a_b-c', 'data.example.org']) parseGcsSettings({ bucket: name }, {});
  });
});
