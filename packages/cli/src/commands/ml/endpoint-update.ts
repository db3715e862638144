import { endpointEntity, endpointToRest, readEndpoint, requireValue } from '@gleaner/protocol';
import type { EndpointBody } from '@gleaner/protocol';
import { usageError } from '../../output/failure.ts';
import { createClient } from './client.ts';
import type { Answer } from './client.ts';
import type { EndpointUpdate } from './endpoint.ts';
import { entitySource, readMembers } from './files.ts';
import { waitFor } from './operation.ts';
import { applyOverrides } from './overrides.ts';
import { readAndChange } from './read-change.ts';
import { printEntity } from './show.ts';

/** What the file says is put over what the endpoint is; then `--traffic`, then the overrides. */
export async function updateEndpoint(options: EndpointUpdate): Promise<void> {
  const client = createClient(options);
  const file = options.file === undefined ? undefined : await readMembers(options.file);
  const name = options.name ?? file?.['name'];
  if (typeof name !== 'string') throw usageError('Which endpoint? Give --name, or --file.');

  const path = `/onlineEndpoints/${name}`;
  const answer = await readAndChange<Answer<EndpointBody>>(client, path, async (before, ifMatch) =>
    client.send({
      method: 'PUT',
      path,
      headers: { 'if-match': ifMatch },
      body: changedBody(endpointEntity(before as EndpointBody), { file, name, options }),
    }),
  );
  if (options.wait) await waitFor(client, answer, `endpoint ${name}`);
  await printEntity(endpointEntity(options.wait ? await client.get(path) : answer.body), options);
}

function changedBody(
  before: Record<string, unknown>,
  {
    file,
    name,
    options,
  }: { file: Record<string, unknown> | undefined; name: string; options: EndpointUpdate },
): EndpointBody {
  const changed = applyOverrides(
    {
      ...before,
      ...file,
      ...(options.traffic && { traffic: percentages(options.traffic) }),
      ...(options.mirrorTraffic && { mirror_traffic: percentages(options.mirrorTraffic) }),
    },
    options,
  );
  const { source, fileName } = entitySource(changed, options.file ?? `endpoint ${name}`);
  const endpoint = requireValue(readEndpoint(source, { fileName }));
  const body = endpointToRest(endpoint);
  const { createdAt: _, lastModifiedAt: _modified, ...properties } = body.properties.properties ?? {};
  return { ...body, properties: { ...body.properties, properties } };
}

/** `blue=90 green=10`, in one word or several; names in lower case, as the original sends them. */
export function percentages(words: readonly string[]): Record<string, number> {
  const pairs = words
    .join(' ')
    .split(/[\s,]+/)
    .filter((pair) => pair !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name = '', percent = ''] = /^([^=]+)=(\d{1,3})$/.exec(pair) ?? [];
      if (name === '') throw usageError(`${pair} is no traffic.`, 'Write --traffic "blue=90 green=10".');
      return [name.toLowerCase(), Number(percent)];
    }),
  );
}
