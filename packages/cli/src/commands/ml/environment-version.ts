import { createHash } from 'node:crypto';
import { environmentToRest } from '@gleaner/protocol';
import type { EnvironmentBody, EnvironmentShape } from '@gleaner/protocol';
import type { EnvironmentVersion } from '@gleaner/workspace/api';
import { usageError } from '../../output/failure.ts';
import type { Client } from './client.ts';
import { condaText } from './conda.ts';
import { nextVersion, putVersion, versionPath } from './versions.ts';

/** What the original calls environments that have no name. */
const anonymousName = 'CliV2AnonymousEnvironment';

/** An environment that a file describes, with the files that it names read. */
export interface FoundEnvironment {
  name?: string | undefined;
  version?: string | undefined;
  body: EnvironmentVersion & EnvironmentBody;
}

/** Error: `usage_invalid` for a conda file that is not there. */
export async function findEnvironment(shape: EnvironmentShape, folder: string): Promise<FoundEnvironment> {
  if (shape.build !== undefined) {
    throw usageError(
      'The environment has a build context, and no images are built here.',
      'Write image and conda_file, or command.',
    );
  }
  const conda = shape.conda_file === undefined ? undefined : await condaText(shape.conda_file, folder);
  return { name: shape.name, version: shape.version, body: environmentToRest(shape, conda) };
}

/** Registers it; without a name it is one version for each content. */
export async function registerEnvironment(
  client: Client,
  { name = anonymousName, version, body }: FoundEnvironment,
): Promise<EnvironmentBody> {
  const anonymous = name === anonymousName;
  const hash = createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 32);
  const number = version ?? (anonymous ? hash : await nextVersion(client, 'environments', name));
  const path = versionPath('environments', name, anonymous ? hash : number);
  const known = anonymous ? await client.find<EnvironmentBody>(path) : undefined;
  return known ?? putVersion<EnvironmentBody>(client, path, body);
}
