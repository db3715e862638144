import type { IncomingMessage } from 'node:http';

export const maxBodyBytes = 128 * 1024 * 1024;

/** A request that cannot be scored, with the status and message of its answer. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * What `run` gets: the body, parsed where it is JSON and as text where it is not; of a GET the parameters of its address,
 * each of them parsed the same way.
 *
 * @throws HttpProblem
 */
export async function readData(
  request: IncomingMessage,
  { url, maxBodyBytes }: { url: URL; maxBodyBytes: number },
): Promise<unknown> {
  if (request.method === 'GET') return parameters(url);
  const tooLarge = () => new HttpProblem(413, `the body must not exceed ${maxBodyBytes} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return jsonOrText(textOf(Buffer.concat(chunks)));
}

function parameters(url: URL): Record<string, unknown> {
  return Object.fromEntries(
    [...new Set(url.searchParams.keys())].map((key) => {
      const values = url.searchParams.getAll(key).map(jsonOrText);
      return [key, values.length === 1 ? values[0] : values];
    }),
  );
}

function textOf(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw new HttpProblem(400, 'Input cannot be decoded as UTF-8');
  }
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
