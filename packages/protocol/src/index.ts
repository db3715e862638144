export { contentRange, parseContentRange } from './content-range.ts';
export type { ContentRange } from './content-range.ts';
export { dataStatuses } from './data-status.ts';
export type { DataStatus } from './data-status.ts';
export { dropReasons, isDropReason } from './drop-reasons.ts';
export type { DropReason } from './drop-reasons.ts';
export { GleanerError } from './errors.ts';
export type { GleanerErrorOptions } from './errors.ts';
export { isInstanceId } from './instance-id.ts';
export { createJsonScanner, embedJson, maxJsonDepth, scanJson } from './json-scan.ts';
export type { JsonScan, JsonScanner } from './json-scan.ts';
export { arrayElements, objectMembers } from './json-slices.ts';
export type { JsonMember, JsonSlice } from './json-slices.ts';
export {
  chainNext,
  chainStart,
  dataFileName,
  manifestName,
  objectFileName,
  manifestVersion,
  parseManifest,
  writeManifest,
} from './manifest.ts';
export type { Manifest, ManifestFile } from './manifest.ts';
export {
  collectionOfType,
  inlineFrame,
  isJsonContentType,
  jsonText,
  maxLineBytes,
  payloadName,
  referenceLine,
  typePrefix,
} from './record.ts';
export type { RecordAttributes, RecordFrame } from './record.ts';
export { readRecordLine } from './record-reader.ts';
export type { StoredRecord } from './record-reader.ts';
export { rowId } from './row-id.ts';
export { samplingFraction } from './sampling.ts';
export { eventTime, formatTime } from './time.ts';
export type { EventTime } from './time.ts';
export {
  attributeName,
  cloudEventAttributes,
  isUuid,
  readCloudEventHeaders,
  readSdkHeaders,
  recordKeys,
} from './wire-headers.ts';
export type { EventAttributes, Extension, TransportHeaders } from './wire-headers.ts';
export { parseWindowFolder, rollingRates, windowBounds, windowFolder } from './window.ts';
export type { RollingRate } from './window.ts';
export {
  canonicalCollectionName,
  collectionNameProblem,
  deploymentNameProblem,
  endpointNameProblem,
  isPayloadCollection,
  maxCollectionNameBytes,
} from './names.ts';
export { collectsCustomData, readMdcConfig, writeMdcConfig } from './mdc-config.ts';
export type { MdcCollection, MdcConfig } from './mdc-config.ts';
export { dataVersionResourceId, deploymentResourceId, workspaceResourceId } from './resource-id.ts';
export type { ResourceIdKind } from './resource-id.ts';
export {
  defaultCollectionUri,
  formatDataReference,
  formatDatastoreUri,
  parseDataReference,
  parseDatastoreUri,
} from './azureml-uri.ts';
export type { DataReference, DatastoreUri, WorkspaceName } from './azureml-uri.ts';
export { collectionUri, dataAssetsOf } from './deployment/describe.ts';
export type { DataAsset } from './deployment/describe.ts';
export {
  collectedKeys,
  readCollectedDeployment,
  readDeployment,
  requireDeployment,
} from './deployment/deployment.ts';
export type { CollectedDeployment, Deployment, DeploymentReading } from './deployment/deployment.ts';
export type { Collection, DataCollector } from './deployment/data-collector.ts';
export { formatFinding } from './deployment/report.ts';
export type { Finding, Place, Report } from './deployment/report.ts';
export { parseAssetReference } from './deployment/asset-reference.ts';
export type { AssetReference } from './deployment/asset-reference.ts';
export type { EnvironmentShape, ModelShape } from './deployment/asset-shapes.ts';
export type { DeploymentSettings } from './deployment/settings.ts';
export { readDictionary, readFields, readText } from './deployment/fields.ts';
export type { Field } from './deployment/fields.ts';
export { openYaml } from './deployment/yaml-file.ts';
export { plainValue } from './deployment/yaml-value.ts';
export type { PlainValue, YamlValue } from './deployment/yaml-value.ts';
export {
  dataEntity,
  dataToRest,
  dataTypes,
  environmentEntity,
  environmentToRest,
  isReference,
  modelEntity,
  modelToRest,
  readDataFile,
  readEnvironmentFile,
  readModelFile,
} from './resources/assets.ts';
export type { DataFile } from './resources/assets.ts';
export type {
  DataBody,
  DataType,
  DeploymentBody,
  EndpointBody,
  EnvironmentBody,
  ModelBody,
  ResourceBody,
} from './resources/bodies.ts';
export { deploymentEntity, deploymentToRest } from './resources/deployment.ts';
export type { DeploymentFile, DeploymentIds } from './resources/deployment.ts';
export { durationMs, isoDuration } from './resources/duration.ts';
export { endpointEntity, endpointToRest, readEndpoint } from './resources/endpoint.ts';
export type { AuthModeWord, Endpoint } from './resources/endpoint.ts';
export { requireValue } from './resources/reading.ts';
export type { Reading } from './resources/reading.ts';
export { coversScope, matchesAction } from './access/actions.ts';
export { authorise } from './access/authorise.ts';
export type { Decision, Demand, Grant, Permission } from './access/authorise.ts';
export { builtInRoles } from './access/built-in-roles.ts';
export type { Role } from './access/built-in-roles.ts';
export { readRoleFile } from './access/role-file.ts';
export type { RoleFile } from './access/role-file.ts';
