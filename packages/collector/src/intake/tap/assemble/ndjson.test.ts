import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { maxJsonDepth } from '@gleaner/protocol';
import fc from 'fast-check';

import { createAssembler } from './assembler.ts';
import { assemble, cutAt } from './fixtures/assemble-text.ts';

describe('jsonlines', () => {
  const type = 'application/x-ndjson';

  it('gives the lines as an array, byte for byte', () => {
    const text = '\uFEFF{"a": 1.0}\r\n\n  \n"é"\n12345678901234567890\n[{"b":[]}]\n';
    const array = '   {"a": 1.0}\r,"é",12345678901234567890,[{"b":[]}]';
    const expected = { assembler: 'jsonlines', isComplete: true, text: `[${array}]` };
    assert.deepEqual(assemble(text, type), expected);
    assert.deepEqual(assemble(text.trimEnd(), type), expected);
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 20 }), (places) => {
        assert.deepEqual(assemble(cutAt(Buffer.from(text), places), type), expected);
      }),
    );
  });

  it('leaves out a last line that was cut, and says so', () => {
    assert.deepEqual(assemble('{"a":1}\n{"a":', type), {
      assembler: 'jsonlines',
      isComplete: false,
      text: '[{"a":1}]',
    });
  });

  it('gives up at a line that is no JSON, above its limit, and when there is none', () => {
    assert.equal(assemble('{"a":1}\nno\n{"a":1}\n', type), undefined);
    assert.equal(assemble('{"a":1}\n1,2\n', type), undefined);
    assert.equal(assemble('\n', type), undefined);
    assert.notEqual(assemble(nested(maxJsonDepth - 1), type), undefined);
    assert.equal(assemble(nested(maxJsonDepth), type), undefined);
    const assembler = createAssembler(type, { maxBytes: 100 });
    for (let i = 0; i < 20; i++) assembler?.push(Buffer.from('{"a":1}\n'));
    assert.equal(assembler?.heldBytes, 0);
    assert.equal(assembler.end(), undefined);
  });
});

function nested(depth: number): string {
  return `${'['.repeat(depth)}${']'.repeat(depth)}\n`;
}
