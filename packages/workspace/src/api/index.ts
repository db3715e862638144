export { datastoreFromRest, datastoreToRest, datastoreTypes } from './datastore.ts';
export type { DatastoreFile } from './datastore.ts';
export {
  codeVersion,
  dataCollector,
  datastore,
  dataVersion,
  environmentVersion,
  modelVersion,
  onlineDeployment,
  onlineEndpoint,
} from './resources.ts';
export type {
  CodeVersion,
  DataCollectorBody,
  DatastoreBody,
  DataVersion,
  EnvironmentVersion,
  ErrorBody,
  ModelVersion,
  OnlineDeployment,
  OnlineEndpoint,
} from './resources.ts';
export type {
  CollectionPlan,
  CollectorPlan,
  ContainerName,
  DeploymentName,
  DeploymentPlan,
  DeploymentStatus,
  EndpointAuth,
  EndpointRoute,
  InferenceRoutes,
  InstanceStatus,
  Probe,
  Program,
  PythonEnvironment,
  RequestLimits,
  Route,
  Runtime,
  RuntimeFailure,
} from './runtime.ts';
