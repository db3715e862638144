/**
 * Bodies of the REST interface as far as files and commands deal with them. What the server adds is optional, so that one type
 * serves for what is sent and what is shown.
 */
export interface ResourceBody {
  id?: string | undefined;
  name?: string | undefined;
  systemData?: { createdAt: string; lastModifiedAt: string; [key: string]: unknown } | undefined;
}

export type ProvisioningState = 'Creating' | 'Updating' | 'Deleting' | 'Succeeded' | 'Failed' | 'Canceled';

type Texts = Record<string, string>;
type Maybe<T> = T | null | undefined;

export interface EndpointBody extends ResourceBody {
  location?: string | undefined;
  tags?: Maybe<Texts>;
  kind?: Maybe<string>;
  identity?: Maybe<{
    type: string;
    userAssignedIdentities?: Maybe<Record<string, unknown>>;
    principalId?: Maybe<string>;
    tenantId?: Maybe<string>;
  }>;
  properties: {
    description?: Maybe<string>;
    properties?: Maybe<Texts>;
    authMode: 'Key' | 'AMLToken' | 'AADToken';
    traffic?: Maybe<Record<string, number>>;
    mirrorTraffic?: Maybe<Record<string, number>>;
    publicNetworkAccess?: Maybe<string>;
    compute?: Maybe<string>;
    scoringUri?: string | undefined;
    swaggerUri?: string | undefined;
    provisioningState?: ProvisioningState | undefined;
  };
}

export interface ProbeBody {
  initialDelay?: Maybe<string>;
  period?: Maybe<string>;
  timeout?: Maybe<string>;
  successThreshold?: Maybe<number>;
  failureThreshold?: Maybe<number>;
}

export interface DataCollectorRest {
  collections: Record<
    string,
    {
      dataCollectionMode?: Maybe<string>;
      dataId?: Maybe<string>;
      clientId?: Maybe<string>;
      samplingRate?: Maybe<number>;
    }
  >;
  rollingRate?: Maybe<string>;
  requestLogging?: Maybe<{ captureHeaders?: Maybe<string[]> }>;
}

export interface DeploymentBody extends ResourceBody {
  location?: string | undefined;
  tags?: Maybe<Texts>;
  sku?: Maybe<{ name?: Maybe<string>; capacity?: Maybe<number> }>;
  properties: {
    description?: Maybe<string>;
    properties?: Maybe<Texts>;
    endpointComputeType: 'Managed' | 'Kubernetes';
    codeConfiguration?: Maybe<{ codeId?: Maybe<string>; scoringScript: string }>;
    environmentId?: Maybe<string>;
    environmentVariables?: Maybe<Texts>;
    model?: Maybe<string>;
    modelMountPath?: Maybe<string>;
    appInsightsEnabled?: Maybe<boolean>;
    instanceType?: Maybe<string>;
    scaleSettings?: Maybe<{ scaleType: string; [key: string]: unknown }>;
    requestSettings?: Maybe<{
      requestTimeout?: Maybe<string>;
      maxConcurrentRequestsPerInstance?: Maybe<number>;
      maxQueueWait?: Maybe<string>;
    }>;
    livenessProbe?: Maybe<ProbeBody>;
    readinessProbe?: Maybe<ProbeBody>;
    containerResourceRequirements?: Maybe<Record<string, unknown>>;
    egressPublicNetworkAccess?: Maybe<string>;
    dataCollector?: Maybe<DataCollectorRest>;
    provisioningState?: ProvisioningState | undefined;
  };
}

export interface AssetProperties {
  description?: Maybe<string>;
  properties?: Maybe<Texts>;
  tags?: Maybe<Texts>;
  isAnonymous?: Maybe<boolean>;
  isArchived?: Maybe<boolean>;
}

export type DataType = 'uri_file' | 'uri_folder' | 'mltable';

export interface DataBody extends ResourceBody {
  properties: AssetProperties & { dataUri: string; dataType: DataType };
}

export interface ModelBody extends ResourceBody {
  properties: AssetProperties & {
    modelUri: string;
    modelType?: Maybe<string>;
    flavors?: Maybe<Record<string, unknown>>;
  };
}

export interface RouteBody {
  path: string;
  port: number;
}

export interface EnvironmentBody extends ResourceBody {
  properties: AssetProperties & {
    image?: Maybe<string>;
    condaFile?: Maybe<string>;
    inferenceConfig?: Maybe<{
      livenessRoute?: Maybe<RouteBody>;
      readinessRoute?: Maybe<RouteBody>;
      scoringRoute?: Maybe<RouteBody>;
    }>;
    osType?: Maybe<string>;
    command?: Maybe<string[]>;
  };
}

/** A copy without members that are null or undefined. */
export function compact<T extends object>(value: T): { [Key in keyof T]: NonNullable<T[Key]> } {
  return Object.fromEntries(
    Object.entries(value).filter(([, member]) => member !== undefined && member !== null),
  ) as { [Key in keyof T]: NonNullable<T[Key]> };
}
