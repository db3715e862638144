/** Data assets, models and environments: their files, and what is shown of them. */
import type { AssetReference } from '../deployment/asset-reference.ts';
import { readEnvironmentShape, readModelShape } from '../deployment/asset-shapes.ts';
import type { EnvironmentShape, ModelShape } from '../deployment/asset-shapes.ts';
import { readText, reportMissing } from '../deployment/fields.ts';
import type { Field } from '../deployment/fields.ts';
import type { Report } from '../deployment/report.ts';
import { readTexts, readVersion, shapeReader } from '../deployment/shape.ts';
import type { Shaped } from '../deployment/shape.ts';
import { compact } from './bodies.ts';
import type {
  AssetProperties,
  DataBody,
  DataType,
  EnvironmentBody,
  ModelBody,
  ResourceBody,
} from './bodies.ts';
import { readFileOf } from './reading.ts';
import type { Reading } from './reading.ts';

export const dataTypes: readonly DataType[] = ['uri_file', 'uri_folder', 'mltable'];

const dataReaders = {
  $schema: ignored,
  id: ignored,
  creation_context: ignored,
  name: readText,
  version: readVersion,
  path: readText,
  type: readDataType,
  description: readText,
  tags: readTexts,
  properties: readTexts,
} as const;

/** What the file of a data asset says. */
export type DataFile = Shaped<typeof dataReaders> & { path: string };

export function readDataFile(source: string | Uint8Array, fileName: string): Reading<DataFile> {
  return readFileOf(source, fileName, (root, report) => {
    const { path, ...file } = shapeReader(dataReaders, ['path'])(root, report) ?? {};
    return path === undefined ? undefined : { ...file, path };
  });
}

export function readModelFile(source: string | Uint8Array, fileName: string): Reading<ModelShape> {
  return readFileOf(source, fileName, readModelShape);
}

export function readEnvironmentFile(
  source: string | Uint8Array,
  fileName: string,
): Reading<EnvironmentShape> {
  return readFileOf(source, fileName, (root, report) => {
    const file = readEnvironmentShape(root, report);
    if (file !== undefined && file.name === undefined) reportMissing(root, 'name', report);
    return file;
  });
}

export function dataToRest({ description, tags, properties, path, type }: DataFile): DataBody {
  return {
    properties: {
      ...assetProperties({ description, tags, properties }),
      dataUri: path,
      dataType: type ?? 'uri_folder',
    },
  };
}

/** @param modelUri where its files were put */
export function modelToRest(model: ModelShape, modelUri: string): ModelBody {
  const { type, flavors, stage } = model;
  const asset = assetProperties(model);
  return {
    properties: {
      ...asset,
      ...(stage !== undefined && { properties: { ...asset.properties, stage } }),
      modelUri,
      modelType: type ?? 'custom_model',
      ...compact({ flavors }),
    },
  };
}

/** @param condaFile its text, with the requirement files that it names put in */
export function environmentToRest(environment: EnvironmentShape, condaFile?: string): EnvironmentBody {
  const { inference_config: inference, os_type: osType } = environment;
  return {
    properties: {
      ...assetProperties(environment),
      ...compact({
        image: environment.image,
        condaFile,
        inferenceConfig:
          inference &&
          compact({
            livenessRoute: routeOf(inference.liveness_route),
            readinessRoute: routeOf(inference.readiness_route),
            scoringRoute: routeOf(inference.scoring_route),
          }),
        osType: osType === undefined ? undefined : osType === 'windows' ? 'Windows' : 'Linux',
        command: environment.command,
      }),
    },
  };
}

/** What the original's `show -o json` prints of a data version. */
export function dataEntity(body: DataBody): Record<string, unknown> {
  const { dataUri, dataType } = body.properties;
  return compact({ ...assetEntity(body), path: dataUri, type: dataType, creation_context: creation(body) });
}

/** What the original's `show -o json` prints of a model version. */
export function modelEntity(body: ModelBody): Record<string, unknown> {
  const { modelUri, modelType, flavors } = body.properties;
  return compact({
    ...assetEntity(body),
    type: modelType,
    path: modelUri,
    flavors,
    creation_context: creation(body),
  });
}

/** What the original's `show -o json` prints of an environment version. */
export function environmentEntity(body: EnvironmentBody): Record<string, unknown> {
  const { image, condaFile, inferenceConfig: inference, osType, command } = body.properties;
  return compact({
    ...assetEntity(body),
    image,
    conda_file: condaFile,
    os_type: osType?.toLowerCase(),
    inference_config:
      inference &&
      compact({
        liveness_route: inference.livenessRoute,
        readiness_route: inference.readinessRoute,
        scoring_route: inference.scoringRoute,
      }),
    command,
    creation_context: creation(body),
  });
}

/** True for a reference that stands where the asset itself could. */
export function isReference(asset: AssetReference | ModelShape | EnvironmentShape): asset is AssetReference {
  return 'kind' in asset;
}

function assetProperties({
  description,
  tags,
  properties,
}: {
  description?: string | undefined;
  tags?: Record<string, string> | undefined;
  properties?: Record<string, string> | undefined;
}): AssetProperties {
  return { ...compact({ description, tags, properties }), isAnonymous: false, isArchived: false };
}

function assetEntity(body: ResourceBody & { properties: AssetProperties }): Record<string, unknown> {
  const { description, tags, properties } = body.properties;
  const { name, version } =
    /\/(?:data|models|environments|codes)\/(?<name>[^/]+)\/versions\/(?<version>[^/]+)$/i.exec(body.id ?? '')
      ?.groups ?? {};
  return { id: body.id, name, version, description, tags: tags ?? {}, properties: properties ?? {} };
}

function creation({ systemData }: ResourceBody): object | undefined {
  return systemData && { created_at: systemData.createdAt, last_modified_at: systemData.lastModifiedAt };
}

function routeOf(
  route: { path?: string | undefined; port?: number | undefined } | undefined,
): { path: string; port: number } | undefined {
  return route?.path === undefined || route.port === undefined
    ? undefined
    : { path: route.path, port: route.port };
}

function readDataType(field: Field, report: Report): DataType | undefined {
  const text = readText(field, report);
  const type = dataTypes.find((known) => known === text);
  if (type === undefined && text !== undefined)
    report.problem(field, `Must be one of: ${dataTypes.join(', ')}.`);
  return type;
}

function ignored(): undefined {}
