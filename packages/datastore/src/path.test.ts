import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkStorePath, checkStorePrefix } from './path.ts';

describe('checkStorePath', () => {
  it('accepts what every store can name', () => {
    const long = Array.from({ length: 4 }, () => 'é'.repeat(127)).join('/');
    for (const path of [
      'a',
      'a/b',
      'a..b',
      'a.',
      ' ',
      'modelDataCollector/e/d/x/2025/01/31/23/i.jsonl',
      long,
    ]) {
      checkStorePath(path);
    }
    checkStorePath(`${long}/x`);
  });

  const invalid = [
    ['', 'empty part'],
    ['/a', 'empty part'],
    ['a/', 'empty part'],
    ['a//b', 'empty part'],
    ['.', 'starts with a dot'],
    ['a/../b', 'starts with a dot'],
    ['.spool/1', 'starts with a dot'],
    ['a/.put-1.tmp', 'starts with a dot'],
    ['a\\b', 'backslash'],
    ['a\0b', 'control character'],
    ['a\nb', 'control character'],
    ['a\u0085b', 'control character'],
    ['a\ud800', 'not valid Unicode'],
    ['é'.repeat(128), '256 bytes of at most 255'],
    ['a/'.repeat(512) + 'a', '1025 bytes of at most 1024'],
  ] as const;
  for (const [path, why] of invalid) {
    it(`refuses ${JSON.stringify(path.slice(0, 20))} because of: ${why}`, () => {
      assert.throws(() => checkStorePath(path), { code: 'store_path_invalid', message: new RegExp(why) });
    });
  }

  it('does not repeat an endless path', () => {
    assert.throws(
      () => checkStorePath('x'.repeat(100_000)),
      ({ message }: Error) => message.length < 300,
    );
  });
});

describe('checkStorePrefix', () => {
  it('accepts everything, a folder, and the start of a name', () => {
    for (const prefix of ['', 'a', 'a/', 'a/b']) checkStorePrefix(prefix);
  });

  it('refuses what can start no path', () => {
    for (const prefix of ['/', 'a//', '../', 'a/.']) {
      assert.throws(() => checkStorePrefix(prefix), { code: 'store_path_invalid' });
    }
  });
});
