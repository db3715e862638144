import { GleanerError } from '@gleaner/protocol';
import type { EndpointBody } from '@gleaner/protocol';
import { usageError } from '../../output/failure.ts';
import { printText } from '../../output/print.ts';
import { createClient } from './client.ts';
import type { Client } from './client.ts';
import type { Invocation } from './endpoint.ts';
import { credentialsOf } from './endpoint-keys.ts';
import { readNamedFile } from './files.ts';

/** Errors: `usage_invalid`, `invoke_failed` with what the endpoint answered, those of the client. */
export async function invokeEndpoint(options: Invocation): Promise<void> {
  const { name, requestFile, deploymentName } = options;
  const client = createClient(options);
  const body = await readJson(requestFile);
  const endpoint = await client.get<EndpointBody>(`/onlineEndpoints/${name}`);
  await checkDeployment(client, options);
  const { scoringUri } = endpoint.properties;
  if (scoringUri === undefined)
    throw new GleanerError('invoke_failed', `Endpoint ${name} has no address yet.`);
  const credentials = await credentialsOf(client, endpoint);

  let response: Response;
  try {
    response = await fetch(scoringUri, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${'primaryKey' in credentials ? credentials.primaryKey : credentials.accessToken}`,
        ...(deploymentName !== undefined && { 'azureml-model-deployment': deploymentName }),
      },
      body,
    });
  } catch (cause) {
    throw new GleanerError('invoke_failed', `${scoringUri} does not answer.`, { cause, retryable: true });
  }
  const text = await response.text();
  if (!response.ok) {
    throw new GleanerError(
      'invoke_failed',
      `${scoringUri} answered ${response.status}: ${text || 'nothing'}`,
      {
        fix: `Look into its log: gleaner ml online-deployment get-logs -e ${name} -n <deployment>.`,
      },
    );
  }
  await printText(text.endsWith('\n') ? text : `${text}\n`);
}

/** As the original sends it: parsed, and written again. */
async function readJson(path: string): Promise<string> {
  const text = new TextDecoder().decode(await readNamedFile(path, 'request file'));
  try {
    return JSON.stringify(JSON.parse(text));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw usageError(`The request file ${path} is no JSON: ${why}`, 'Write the request as JSON.');
  }
}

async function checkDeployment(client: Client, { name, deploymentName }: Invocation): Promise<void> {
  if (deploymentName === undefined) return;
  const deployments = await client.list<{ name?: string }>(`/onlineEndpoints/${name}/deployments`);
  if (deployments.length === 0)
    throw new GleanerError('invoke_failed', 'No deployment exists for this endpoint');
  if (deployments.some((one) => one.name?.toLowerCase() === deploymentName.toLowerCase())) return;
  throw new GleanerError('invoke_failed', `Deployment name ${deploymentName} not found for this endpoint`, {
    fix: `It has ${deployments.map((one) => one.name).join(', ')}.`,
  });
}
