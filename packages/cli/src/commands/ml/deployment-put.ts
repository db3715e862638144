/** From a deployment file to a deployment that runs: what it names is registered and uploaded before it. */
import { join } from 'node:path';
import {
  dataAssetsOf,
  dataToRest,
  deploymentToRest,
  GleanerError,
  isReference,
  parseAssetReference,
} from '@gleaner/protocol';
import type { DataAsset, DataBody, DeploymentBody, DeploymentFile } from '@gleaner/protocol';
import type { CodeVersion, OnlineDeployment } from '@gleaner/workspace/api';
import { usageError } from '../../output/failure.ts';
import type { Answer, Client } from './client.ts';
import { deploymentPath } from './deployment.ts';
import { findEnvironment, registerEnvironment } from './environment-version.ts';
import type { FoundEnvironment } from './environment-version.ts';
import { findModel, localPath, registerModel } from './model-version.ts';
import type { FoundModel } from './model-version.ts';
import { openArtifact, uploadArtifact } from './upload.ts';
import type { Artifact } from './upload.ts';
import { idOf, latestVersion, putVersion, resolveReference, versionPath } from './versions.ts';

/** What a deployment file names on this machine. */
export interface FoundParts {
  code?: Artifact;
  model?: FoundModel;
  environment?: FoundEnvironment;
}

/** Finds it all, before anything is changed. Errors: `usage_invalid` with the path that is not there. */
export async function findParts({ settings }: DeploymentFile, folder: string): Promise<FoundParts> {
  const { code_configuration: code, model, environment } = settings;
  const parts: FoundParts = {};
  if (code?.code !== undefined && codeId(code.code) === undefined) {
    parts.code = await findCode({ path: localPath(code.code, folder), script: code.scoring_script });
  } else if (code !== undefined && code.scoring_script === undefined) throw noScript();
  if (model !== undefined && !isReference(model)) parts.model = await findModel(model, folder);
  if (environment !== undefined && !isReference(environment)) {
    parts.environment = await findEnvironment(environment, folder);
  }
  return parts;
}

/** In the order of the original: data assets, code, model, environment, then the deployment itself. */
export async function putDeployment(
  client: Client,
  file: DeploymentFile,
  parts: FoundParts & { ifMatch?: string | undefined },
): Promise<Answer<DeploymentBody>> {
  const { deployment, settings } = file;
  await requireEndpoint(client, deployment.endpointName);
  const data: Record<string, string> = {};
  for (const asset of dataAssetsOf(deployment)) data[asset.collection] = await registerData(client, asset);
  const { model, environment, code_configuration: code } = settings;
  const ids = {
    data,
    code: parts.code ? await registerCode(client, parts.code) : codeId(code?.code ?? ''),
    model: parts.model
      ? idOf(await registerModel(client, parts.model))
      : model && isReference(model)
        ? await resolveReference(client, 'models', model)
        : undefined,
    environment: parts.environment
      ? idOf(await registerEnvironment(client, parts.environment))
      : environment && isReference(environment)
        ? await resolveReference(client, 'environments', environment)
        : undefined,
  };
  const body: OnlineDeployment = deploymentToRest(file, ids);
  const path = deploymentPath({ endpointName: deployment.endpointName, name: deployment.name });
  const headers = parts.ifMatch === undefined ? {} : { 'if-match': parts.ifMatch };
  return client.send<DeploymentBody>({ method: 'PUT', path, body, headers });
}

/** Before anything is made. Error: `workspace_not_found`. */
async function requireEndpoint(client: Client, name: string): Promise<void> {
  try {
    await client.get(`/onlineEndpoints/${name}`);
  } catch (error) {
    if (!(error instanceof GleanerError) || error.code !== 'workspace_not_found') throw error;
    throw new GleanerError(error.code, error.message, {
      fix: `Create the endpoint first: gleaner ml online-endpoint create -n ${name}.`,
    });
  }
}

async function findCode({ path, script }: { path: string; script: string | undefined }): Promise<Artifact> {
  const code = await openArtifact(path, 'code folder');
  if (!code.isFolder)
    throw usageError(`code_configuration.code ${path} is no folder.`, 'Name the folder of the script.');
  if (script === undefined) throw noScript();
  const normal = script.replace(/^\.\//, '');
  if (!code.files.some((file) => file.path === normal)) {
    throw usageError(
      `The scoring script ${join(path, script)} does not exist.`,
      'Correct code_configuration.scoring_script; it is relative to code_configuration.code.',
    );
  }
  return code;
}

async function registerCode(client: Client, artifact: Artifact): Promise<string> {
  const path = versionPath('codes', artifact.hash, '1');
  const known = await client.find<CodeVersion>(path);
  if (known?.id !== undefined) return known.id;
  const { uri } = await uploadArtifact(client, artifact);
  const body: CodeVersion = { properties: { codeUri: uri, isAnonymous: true } };
  return (await client.send<CodeVersion>({ method: 'PUT', path, body })).body.id ?? '';
}

/** An asset that exists is used as it is, wherever it points. */
async function registerData(client: Client, { name, version, path, type }: DataAsset): Promise<string> {
  const number = version ?? (await latestVersion(client, 'data', name));
  const at = versionPath('data', name, number);
  if (path === undefined) return idOf(await client.get<DataBody>(at));
  const known = await client.find<DataBody>(at);
  return idOf(known ?? (await putVersion<DataBody>(client, at, dataToRest({ path, type }))));
}

/** The id in `code`, as `show` prints it. */
function codeId(code: string): string | undefined {
  const reference = parseAssetReference(code);
  return reference?.kind === 'id' ? reference.id : undefined;
}

function noScript(): Error {
  return usageError("scoring script can't be empty", 'Write code_configuration.scoring_script: score.py.');
}
