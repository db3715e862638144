import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { proxyValue } from './proxy.ts';

describe('proxyValue', () => {
  const routes: Record<string, unknown> = {
    '8080:5001': ['127.0.0.1', 8080, '127.0.0.1', 5001, false],
    '0.0.0.0:8080:model:5001': ['0.0.0.0', 8080, 'model', 5001, false],
    'localhost:8080:5001': ['localhost', 8080, '127.0.0.1', 5001, false],
    '8080:https://model.example': ['127.0.0.1', 8080, 'model.example', 443, true],
    '8080:http://model': ['127.0.0.1', 8080, 'model', 80, false],
    '8080:[::1]:5001': ['127.0.0.1', 8080, '::1', 5001, false],
    '0:5001': ['127.0.0.1', 0, '127.0.0.1', 5001, false],
  };
  for (const [text, expected] of Object.entries(routes)) {
    it(`reads ${text}`, () => {
      const route = proxyValue.parse(text);
      const { host, port, isTls } = route?.upstream ?? {};
      assert.deepEqual([route?.host, route?.port, host, port, isTls], expected);
    });
  }

  it('takes nothing else', () => {
    for (const text of [
      '',
      '8080',
      '8080:',
      ':5001',
      '70000:5001',
      '8080:0',
      '8080:70000',
      '8080:ftp://x',
      'a b:1:2',
    ])
      assert.equal(proxyValue.parse(text), undefined, text);
    for (const text of ['8080:http://user:secret@model', '8080:https://model/path', '8080:https://model?x=1'])
      assert.equal(proxyValue.parse(text), undefined, text);
  });
});
