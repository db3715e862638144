/** The SDK's request as it was recorded, with a body of our own and ids that differ per request. */
import { randomBytes } from 'node:crypto';

import { readSdkFixtures } from '@gleaner/testkit';

const recording = 'default-context-1';
const idDigits = 12;

export interface SdkRequest {
  /** Head and body, one behind the other. */
  readonly bytes: Buffer;
  /** Gives `bytes` ids that no request had before. */
  renew(): void;
}

/** Requests of one maker never share an id; the ids of two makers differ by 48 random bits. */
export async function createSdkRequest(bodyBytes: number): Promise<SdkRequest> {
  const fixture = (await readSdkFixtures()).find(({ name }) => name === recording);
  if (fixture === undefined) throw new Error(`there is no recording ${recording}`);
  const body = rowsOf(bodyBytes);
  const blank = 'z'.repeat(idDigits);
  const id = `${randomBytes(4).toString('hex')}-${randomBytes(2).toString('hex')}-4000-8000-${blank}`;
  const replaced: Record<string, string> = {
    'trace-id': id,
    'ce-x-request-id': id,
    'content-length': String(body.length),
  };
  const lines = fixture.request.headers.map(
    ([name, value]) => `${name}: ${replaced[name.toLowerCase()] ?? value}\r\n`,
  );
  const head = `POST ${fixture.request.path} HTTP/1.1\r\n${lines.join('')}\r\n`;
  const bytes = Buffer.from(head + body, 'latin1');
  const places = [head.indexOf(blank), head.lastIndexOf(blank)];
  let count = 0;
  const renew = (): void => {
    const digits = (++count).toString(16).padStart(idDigits, '0');
    for (const place of places) bytes.write(digits, place, 'latin1');
  };
  renew();
  return { bytes, renew };
}

/** A frame as pandas writes it: rows of numbers and text, exactly `length` bytes. */
function rowsOf(length: number): string {
  let text = '[';
  for (let index = 0; text.length + row(index).length < length - 20; index++) text += `${row(index)},`;
  return `${text}{"note":"${'x'.repeat(length - text.length - 12)}"}]`;
}

function row(index: number): string {
  return `{"sepal_length":${(5.1 + (index % 20) / 10).toFixed(1)},"petal_width":0.2,"species":"setosa"}`;
}
