import { endpointEntity, endpointToRest, readEndpoint, requireValue } from '@gleaner/protocol';
import type { EndpointBody } from '@gleaner/protocol';
import type { OnlineEndpoint } from '@gleaner/workspace/api';
import { GleanerError } from '@gleaner/protocol';
import { createClient } from './client.ts';
import type { EndpointChange } from './endpoint.ts';
import { openSource, tellWarnings } from './files.ts';
import { waitFor } from './operation.ts';
import { printEntity } from './show.ts';

/** Errors: `usage_invalid`, `resource_file_invalid`, `endpoint_exists`, those of the client. */
export async function createEndpoint(options: EndpointChange): Promise<void> {
  const client = createClient(options);
  const { source, fileName } = await openSource(
    options.file,
    { name: options.name, auth_mode: options.authMode },
    options,
  );
  const reading = readEndpoint(source, { fileName });
  const endpoint = requireValue(reading);
  tellWarnings(reading.warnings, fileName);

  const path = `/onlineEndpoints/${endpoint.name}`;
  if ((await client.find(path)) !== undefined) {
    throw new GleanerError(
      'endpoint_exists',
      `There is already an endpoint with the name ${endpoint.name}.`,
      {
        fix: 'Take another name, or change it with gleaner ml online-endpoint update.',
      },
    );
  }
  const body: OnlineEndpoint = endpointToRest(endpoint);
  const answer = await client.send<EndpointBody>({ method: 'PUT', path, body });
  if (options.wait) await waitFor(client, answer, `endpoint ${endpoint.name}`);
  await printEntity(endpointEntity(options.wait ? await client.get(path) : answer.body), options);
}
