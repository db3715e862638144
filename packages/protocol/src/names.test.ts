import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { GleanerError } from './errors.ts';
import {
  canonicalCollectionName,
  collectionNameProblem,
  deploymentNameProblem,
  endpointNameProblem,
  isPayloadCollection,
  maxCollectionNameBytes,
} from './names.ts';

describe('canonicalCollectionName', () => {
  it('writes names in lower case and leaves blanks inside them', () => {
    assert.equal(canonicalCollectionName('Model_Inputs'), 'model_inputs');
    assert.equal(canonicalCollectionName('model inputs'), 'model inputs');
    assert.equal(canonicalCollectionName('ÜBER.v2..3'), 'über.v2..3');
  });

  const refused: [name: string, why: RegExp][] = [
    ['', /is empty/],
    ['.', /is a path/],
    ['..', /is a path/],
    ['../escape', /slash/],
    ['/etc/passwd', /slash/],
    [String.raw`a\b`, /backslash/],
    ['a\nb', /control character/],
    ['a\u007fb', /control character/],
    ['a\u0085b', /control character/],
    [' a', /blank/],
    ['a\u00a0', /blank/],
    ['\ud800', /surrogate/],
    ['é'.repeat(128), /has 256 bytes; the limit is 255/],
  ];
  for (const [name, why] of refused) {
    it(`refuses ${JSON.stringify(name).slice(0, 20)}`, () => {
      assert.throws(
        () => canonicalCollectionName(name),
        (error) =>
          error instanceof GleanerError &&
          error.code === 'collection_name_invalid' &&
          why.test(error.message),
      );
    });
  }

  it('measures the name as it is written: some letters grow in lower case', () => {
    assert.equal(collectionNameProblem('İ'.repeat(85))?.includes('has 255'), undefined);
    assert.match(collectionNameProblem('İ'.repeat(86)) ?? '', /has 258 bytes/);
  });

  it('gives one safe part of a path, and the same for what it gave', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        if (collectionNameProblem(text) !== undefined) return;
        const name = canonicalCollectionName(text);
        assert.equal(canonicalCollectionName(name), name);
        assert.doesNotMatch(name, /[/\\\0\n]|^\.{0,2}$/);
        assert.ok(Buffer.byteLength(name) <= maxCollectionNameBytes);
      }),
    );
  });
});

describe('isPayloadCollection', () => {
  it('knows request and response in any case, and nothing else', () => {
    assert.deepEqual(
      ['request', 'Response', 'requests', 'model_inputs', 'constructor'].map(isPayloadCollection),
      [true, true, false, false, false],
    );
  });
});

describe('deploymentNameProblem', () => {
  it('takes 3 to 32 letters, digits and dashes, a letter first and no dash last', () => {
    for (const name of ['abc', 'Blue-2', 'blue--two', 'b'.repeat(32)]) {
      assert.equal(deploymentNameProblem(name), undefined);
    }
  });

  it('refuses in the words of the original, line feed included', () => {
    const length =
      'The name for a deployment must be at least 3 and at most 32 characters long (inclusive of both limits).';
    const form =
      "The name for a deployment must start with an upper- or lowercase letter\n and only consist of '-'s and alphanumeric characters.";
    for (const name of ['', 'ab', 'b'.repeat(33), '😀😀']) assert.equal(deploymentNameProblem(name), length);
    for (const name of ['1blue', 'my_blue', 'blue-', 'blue\n', '../x', 'bläu']) {
      assert.equal(deploymentNameProblem(name), form);
    }
  });
});

describe('endpointNameProblem', () => {
  it('holds the same rule and names the endpoint', () => {
    assert.equal(endpointNameProblem('iris-endpoint'), undefined);
    assert.match(endpointNameProblem('ab') ?? '', /^The name for an endpoint must be at least 3/);
    assert.match(endpointNameProblem('a_b') ?? '', /^The name for an endpoint must start with/);
  });
});
