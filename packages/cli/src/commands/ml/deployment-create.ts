import { dirname } from 'node:path';
import { deploymentEntity, readDeployment, requireDeployment } from '@gleaner/protocol';
import { usageError } from '../../output/failure.ts';
import { createClient } from './client.ts';
import type { Client } from './client.ts';
import { deploymentPath } from './deployment.ts';
import type { DeploymentChange } from './deployment.ts';
import { findParts, putDeployment } from './deployment-put.ts';
import { openSource, tellWarnings } from './files.ts';
import { checkGivenNames } from './given-names.ts';
import type { Source } from './files.ts';
import { waitFor } from './operation.ts';
import { printEntity } from './show.ts';

/** Errors: `usage_invalid`, `deployment_invalid`, `operation_failed`, those of the client. */
export async function createDeployment(options: DeploymentChange): Promise<void> {
  checkGivenNames(options);
  const client = createClient(options);
  if (options.allTraffic && !options.wait) {
    throw usageError('--all-traffic waits until the deployment is ready.', 'Leave --no-wait out.');
  }
  const { name, endpointName: endpoint_name } = options;
  const source = await openSource(options.file, { name, endpoint_name }, options);
  await applySource(client, source, options);
}

/** Puts what the source says, waits, moves traffic and prints what is there then. */
export async function applySource(
  client: Client,
  source: Source,
  options: DeploymentChange & { ifMatch?: string },
): Promise<void> {
  const reading = readDeployment(source.source, { fileName: source.fileName });
  const deployment = requireDeployment(reading);
  const isFile = typeof source.source !== 'string';
  if (isFile) tellWarnings(reading.warnings, source.fileName);
  const file = { deployment, settings: reading.settings ?? {} };
  const parts = await findParts(file, options.file === undefined ? '.' : dirname(options.file));
  const answer = await putDeployment(client, file, { ...parts, ifMatch: options.ifMatch });
  const { name, endpointName } = deployment;
  if (options.wait) await waitFor(client, answer, `deployment ${name}`);
  if (options.allTraffic) {
    const traffic = { method: 'PATCH', path: `/onlineEndpoints/${endpointName}` } as const;
    const body = { properties: { traffic: { [name]: 100 } } };
    await waitFor(client, await client.send({ ...traffic, body }), `traffic of ${endpointName}`);
  }
  const shown = options.wait
    ? await client.get<typeof answer.body>(deploymentPath({ name, endpointName }))
    : answer.body;
  await printEntity(deploymentEntity(shown), options);
}
