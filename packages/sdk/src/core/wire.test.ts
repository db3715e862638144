import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { BasicCorrelationContext } from './context.ts';
import { CollectorError } from './errors.ts';
import { version } from './version.ts';
import { eventHeaders } from './wire.ts';

const event = { collection: 'model_inputs', traceId: 'trace', collectDataType: 'gleaner.Rows' };
const headersOf = (...context: ConstructorParameters<typeof BasicCorrelationContext>) =>
  eventHeaders({ ...event, context: new BasicCorrelationContext(...context) });
/** The id as it is sent, or the code of the error. */
const carried = (id: string): unknown => {
  try {
    return headersOf(id)['ce-x-request-id'];
  } catch (error) {
    return error instanceof CollectorError ? error.code : error;
  }
};
const invalid = (message: RegExp) => ({ code: 'context_invalid', message });

describe('version', () => {
  it('is that of the package', async () => {
    const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
    assert.equal(version, JSON.parse(text).version);
  });
});

describe('eventHeaders', () => {
  it('are those of the wire protocol', () => {
    assert.deepEqual(headersOf('réservation-7', 1672533814.75), {
      'content-type': 'application/json',
      accept: '*/*',
      'user-agent': `gleaner-sdk/${version}`,
      'trace-id': 'trace',
      'ce-type': 'azureml.inference.model_inputs',
      'ce-time': '1672533814',
      'ce-collect-data-type': 'gleaner.Rows',
      'ce-agent': `gleaner-sdk/${version}`,
      'ce-model-version': 'default',
      'ce-x-request-id': 'réservation-7',
    });
  });

  it('take milliseconds for what they are', () => {
    assert.equal(headersOf('a', 1672533814999)['ce-time'], '1672533814');
  });

  it('refuse a timestamp that is none', () => {
    for (const timestamp of [-1, Infinity, 1e14]) {
      assert.throws(() => headersOf('a', timestamp), invalid(/timestamp/));
    }
  });

  it("hold the context's entries, as text", () => {
    const headers = headersOf('a', 1, {
      'X-Tenant': 'contoso',
      attempt: 3,
      shadow: true,
      tags: ['a', 1],
      note: '',
      none: null,
    });
    const own = Object.entries(headers).filter(([name]) => !(name in headersOf('a', 1)));
    assert.deepEqual(Object.fromEntries(own), {
      'ce-x-tenant': 'contoso',
      'ce-attempt': '3',
      'ce-shadow': 'true',
      'ce-tags': '["a",1]',
      'ce-note': '',
    });
  });

  it("let no context entry replace one of the SDK's own", () => {
    const entries = {
      agent: 'x',
      Type: 'x',
      'X-Request-ID': 'x',
      time: 1,
      'model-version': 'x',
      'Collect-Data-Type': 'x',
    };
    assert.deepEqual(headersOf('a', 1, entries), headersOf('a', 1));
  });

  it('refuse what no header can carry', () => {
    for (const id of ['日本', 'a\nb', ' a', 'a ', 'a\u007f', 'a\tb\0']) {
      assert.throws(() => headersOf(id), invalid(/correlation id .* cannot travel in an HTTP header/));
    }
    for (const headers of [{ 'my key': 'x' }, { a: 'x\ny' }, { a: '日本' }, { ä: 'x' }]) {
      assert.throws(() => headersOf('a', 1, headers), invalid(/context header/));
    }
  });

  it('carry every id they accept unchanged', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (id) => {
        const arrives =
          id === id.replaceAll(/^[ \t]+|[ \t]+$/g, '') && /^[\t\x20-\x7e\u0080-\u00ff]+$/.test(id);
        assert.equal(carried(id), arrives ? id : 'context_invalid');
      }),
    );
  });
});
