import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { inspect } from 'node:util';

import { formatFinding, openYaml, readDictionary } from '@gleaner/protocol';

import { redactBody } from '../admit/redact/body-redactor.ts';
import { openRedaction, readRedaction } from './redaction.ts';
import type { Redaction, RedactionSettings } from './redaction.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gleaner-redaction-'));
  folders.push(folder);
  return folder;
}

function read(
  yaml: string,
  folder = '/nowhere',
): { settings: RedactionSettings | undefined; findings: string[] } {
  const { root, report } = openYaml(Buffer.from(yaml));
  assert.ok(root);
  const [entry] = readDictionary(root, report) ?? [];
  assert.ok(entry);
  const settings = readRedaction(entry.field, report, { folder, collections: ['request', 'response'] });
  return { settings, findings: report.findings().problems.map((one) => formatFinding(one, 'c.yml')) };
}

async function open(yaml: string, folder?: string): Promise<Redaction> {
  const { settings, findings } = read(yaml, folder);
  assert.deepEqual(findings, []);
  assert.ok(settings);
  return openRedaction(settings);
}

function redact(redaction: Redaction, { collection, body }: { collection: string; body: string }): string {
  const rules = redaction.forCollection(collection);
  return rules === undefined ? 'as it is' : Buffer.from(redactBody(rules, Buffer.from(body))).toString();
}

const example = String.raw`redact:
  key_file: redaction.key
  rules:
    - column: email
      action: mask
    - path: $.messages[*].content
      action: drop
    - pattern: '\b[\w.]+@[\w.]+\b'
      action: hash
      collections: [Request]
`;

describe('readRedaction', () => {
  it('reads rules of all kinds, and for whom they are', async () => {
    const folder = await newFolder();
    await writeFile(join(folder, 'redaction.key'), Buffer.alloc(32, 1));
    const redaction = await open(example, folder);
    const body = '{"email":"a@b.c","messages":[{"role":"user","content":"hi"}],"x":"to a@b.c"}';
    const masked = '{"email":"***","messages":[{"role":"user"}],"x":"to a@b.c"}';
    assert.equal(redact(redaction, { collection: 'response', body }), masked);
    assert.equal(
      redact(redaction, { collection: 'request', body }),
      // printf a@b.c | openssl dgst -sha256 -mac HMAC -macopt hexkey:0101… | the first 32 digits
      masked.replace('a@b.c', '502aa5628d2cf007df2e85c2962e956c'),
    );
  });

  it('has nothing to do for a collection that no rule is for', async () => {
    const redaction = await open('redact: {rules: [{column: a, action: drop, collections: [request]}]}');
    assert.equal(redact(redaction, { collection: 'response', body: '{"a":1}' }), 'as it is');
    assert.equal(redact(redaction, { collection: 'request', body: '{"a":1}' }), '{}');
  });

  it('has the patterns of all collections for what joins them', async () => {
    const pattern = '{pattern: a, action: mask, collections: [request]}';
    const { all } = await open(`redact: {rules: [{column: b, action: drop}, ${pattern}]}`);
    assert.ok(all);
    assert.equal(Buffer.from(redactBody(all, Buffer.from('{"b":"xa"}'))).toString(), '{"b":"x***"}');
    assert.equal((await open('redact: {rules: [{column: a, action: drop}]}')).all, undefined);
  });

  for (const [what, yaml, finding] of [
    [
      'unknown keys',
      'redact: {rules: [{column: a, action: drop, colour: red}]}',
      /1:44: redact\.rules\.0\.colour: Unknown field/,
    ],
    [
      'unknown keys beside the rules',
      'redact: {keyfile: a, rules: [{column: a, action: drop}]}',
      /1:10: redact\.keyfile: Unknown field/,
    ],
    ['no rules', 'redact: {key_file: a}', /1:1: redact: Expected 'rules'/],
    ['an empty list', 'redact: {rules: []}', /1:17: redact\.rules: Expected a list with at least one item/],
    ['no list', 'redact: {rules: mask}', /Expected a list/],
    [
      'a rule about nothing',
      'redact: {rules: [{action: drop}]}',
      /1:18: redact\.rules\.0: Expected one of 'column', 'path' and 'pattern'/,
    ],
    [
      'a rule about two things',
      'redact: {rules: [{column: a, path: $.a, action: drop}]}',
      /Expected one of .* and not more/,
    ],
    [
      'an unknown action',
      'redact: {rules: [{column: a, action: remove}]}',
      /1:38: .*action: Expected an 'action': one of 'drop', 'mask', 'hash'/,
    ],
    ['no action', 'redact: {rules: [{column: a}]}', /1:18: .*Expected an 'action'/],
    [
      'hash without a key',
      'redact: {rules: [{column: a, action: hash}]}',
      /1:38: .*needs a key: expected 'key_file'/,
    ],
    [
      'a bad path',
      "redact: {rules: [{path: 'messages', action: drop}]}",
      /1:25: .*path: Expected a path .* begins with \$/,
    ],
    [
      'a bad pattern',
      "redact: {rules: [{pattern: '(', action: drop}]}",
      /1:28: .*pattern: Expected a regular expression in the syntax of RE2: missing closing \): `\(`/,
    ],
    ['a pattern of nothing', "redact: {rules: [{pattern: 'a*', action: drop}]}", /at least one character/],
    [
      'a pattern that looks around',
      "redact: {rules: [{pattern: '(?=a)b', action: drop}]}",
      /1:28: .*pattern: .* syntax of RE2: .*unsupported .*`\(\?=`/,
    ],
    ['an empty name', "redact: {rules: [{column: '', action: drop}]}", /Expected a text/],
    ['a number for a name', 'redact: {rules: [{column: 1, action: drop}]}', /Not a valid string/],
    [
      'a collection that is not there',
      'redact: {rules: [{column: a, action: drop, collections: [reqest]}]}',
      /1:58: .*collections\.0: There is no collection 'reqest': expected one of request, response/,
    ],
    [
      'no collection',
      'redact: {rules: [{column: a, action: drop, collections: []}]}',
      /collections: Expected a list/,
    ],
  ] as const) {
    it(`tells of ${what}`, () => {
      const { settings, findings } = read(yaml);
      assert.equal(settings, undefined);
      assert.equal(findings.length, 1, findings.join('\n'));
      assert.match(findings[0] ?? '', finding);
    });
  }
});

describe('openRedaction', () => {
  it('refuses a key file that is not there, and one that is too short', async () => {
    const folder = await newFolder();
    const { settings } = read(example, folder);
    assert.ok(settings);
    await assert.rejects(openRedaction(settings), {
      code: 'configuration_invalid',
      message: `The key file ${join(folder, 'redaction.key')} of redact cannot be read: ENOENT.`,
    });
    await writeFile(join(folder, 'redaction.key'), 'too short a key of 31 bytes ...');
    await assert.rejects(openRedaction(settings), (error: Error) => {
      assert.match(error.message, /has 31 bytes; a key has at least 32/);
      assert.doesNotMatch(inspect(error), /too short a key/);
      return true;
    });
  });

  it('shows nothing of the key when it is printed', async () => {
    const folder = await newFolder();
    const key = 'a key that nobody may ever see, at all';
    await writeFile(join(folder, 'redaction.key'), key);
    const rules = (await open(example, folder)).forCollection('request');
    const printed = inspect(rules, { depth: 20, showHidden: true }) + JSON.stringify(rules);
    assert.ok(!printed.includes(key) && !printed.includes(inspect(Buffer.from(key)).slice(8, 40)));
  });
});
