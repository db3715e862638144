import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { bytesText } from './bytes-text.ts';

describe('bytesText', () => {
  it('is a string when the bytes are UTF-8', () => {
    assert.equal(bytesText(Buffer.from('Grüße "all"\n')), '"Grüße \\"all\\"\\n"');
    assert.equal(bytesText(new Uint8Array()), '""');
  });

  it('keeps a byte order mark', () => {
    assert.equal(bytesText(Buffer.from('\ufeffa')), '"\ufeffa"');
  });

  it('is base64 in an object when they are not, so that no string can be taken for it', () => {
    assert.equal(bytesText(Uint8Array.of(0xff, 0xd8, 0xff)), '{"b64":"/9j/"}');
    assert.equal(bytesText(Uint8Array.of(0xed, 0xa0, 0x80)), '{"b64":"7aCA"}');
  });

  it('refuses bytes whose text would be too long, before it writes it', () => {
    assert.equal(bytesText(new Uint8Array(6 * 1024 * 1024)), undefined);
    assert.equal(bytesText(new Uint8Array(17 * 1024 * 1024).fill(0x22)), undefined);
    assert.equal(bytesText(new Uint8Array(25 * 1024 * 1024).fill(0xff)), undefined);
    assert.equal(bytesText(new Uint8Array(6 * 1024 * 1024).fill(0x61))?.length, 6 * 1024 * 1024 + 2);
  });
});
