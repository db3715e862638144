import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileFailure } from './errno.ts';
import { DatastoreError } from './errors.ts';

describe('fileFailure', () => {
  const meanings = [
    ['ENOSPC', 'store_full', true],
    ['EDQUOT', 'store_full', true],
    ['EACCES', 'store_permission_denied', true],
    ['EPERM', 'store_permission_denied', true],
    ['EROFS', 'store_permission_denied', true],
    ['ESTALE', 'store_unreachable', true],
    ['ETIMEDOUT', 'store_timeout', true],
    ['ENAMETOOLONG', 'store_path_invalid', false],
    ['EIO', 'store_failed', true],
    ['ESOMETHING', 'store_failed', true],
  ] as const;
  for (const [errno, code, retryable] of meanings) {
    it(`takes ${errno} for ${code}`, () => {
      const cause = Object.assign(new Error(`${errno}: from the system`), { code: errno });
      const error = fileFailure('/data/x.jsonl', cause);
      assert.equal(error.code, code);
      assert.equal(error.retryable, retryable);
      assert.equal(error.cause, cause);
      assert.match(error.message, new RegExp(`/data/x\\.jsonl.*${errno}`));
      assert.equal(error.fix === undefined, code === 'store_failed');
    });
  }

  it('leaves a translated error as it is', () => {
    const error = new DatastoreError('store_conflict', 'as it is');
    assert.equal(fileFailure('/data/x.jsonl', error), error);
  });

  it('says what to do about a full disk', { skip: process.platform !== 'linux' && 'needs /dev/full' }, () => {
    assert.throws(
      () => {
        try {
          writeFileSync('/dev/full', 'x');
        } catch (error) {
          throw fileFailure('/dev/full', error);
        }
      },
      { code: 'store_full', fix: /Free space/ },
    );
  });
});
