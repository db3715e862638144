/** The stores' servers, each with a place for one run, looked at with the clouds' own clients and with nothing of ours. */
import * as s3 from '@aws-sdk/client-s3';
import { startAzurite, startFakeGcs, startVersitygw } from '@gleaner/testkit';
import type { StoreService } from '@gleaner/testkit';

import { goTool } from '../../scripts/go-tool.ts';

export const storeServices = ['azure_blob', 's3', 'gcs'] as const satisfies StoreService[];

export interface StoreServer extends AsyncDisposable {
  readonly service: StoreService;
  /** Address of the server: `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  /** A container or bucket without objects. */
  makePlace(): Promise<StorePlace>;
}

export interface StorePlace {
  /** The datastore as `collector.yml` has it, reached at an address that may be another than the server's own. */
  datastore(endpoint: string): Record<string, unknown>;
  /** What a line says of the body beside it, when it was reached there. */
  urlOf(path: string, endpoint: string): string;
  list(): Promise<StoredFile[]>;
  read(path: string): Promise<Buffer>;
}

export interface StoredFile {
  path: string;
  byteLength: number;
}

/** `unavailable`: what is missing, and what to do. */
export async function startStoreServer(
  service: StoreService,
): Promise<StoreServer | { unavailable: string }> {
  switch (service) {
    case 'azure_blob':
      return azureServer();
    case 's3':
      return s3Server();
    case 'gcs':
      return gcsServer();
  }
}

let places = 0;
const nextName = (): string => `place-${places++}`;

async function azureServer(): Promise<StoreServer> {
  const azurite = await startAzurite();
  const { account, accountKey } = azurite;
  return {
    service: 'azure_blob',
    endpoint: `http://${azurite.endpoint}`,
    async makePlace() {
      const name = nextName();
      const container = await azurite.createContainer(name);
      return {
        datastore: (endpoint) => ({
          type: 'azure_blob',
          account_name: account,
          container_name: name,
          endpoint: new URL(endpoint).host,
          protocol: 'http',
          credentials: { account_key: accountKey },
        }),
        urlOf: (path, endpoint) => `${endpoint}/${account}/${name}/${path}`,
        async list() {
          const blobs = await Array.fromAsync(container.listBlobsFlat());
          return blobs.map(({ name: path, properties }) => ({
            path,
            byteLength: properties.contentLength ?? 0,
          }));
        },
        read: (path) => container.getBlobClient(path).downloadToBuffer(),
      };
    },
    [Symbol.asyncDispose]: () => azurite[Symbol.asyncDispose](),
  };
}

async function s3Server(): Promise<StoreServer | { unavailable: string }> {
  const tool = await goTool('versitygw');
  if ('unavailable' in tool) return tool;
  const server = await startVersitygw(tool.path);
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const client = new s3.S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
  return {
    service: 's3',
    endpoint,
    async makePlace() {
      const bucket = nextName();
      await server.makeBucket(bucket);
      return {
        datastore: (at) => ({
          type: 's3',
          bucket,
          endpoint: at,
          credentials: { access_key_id: accessKeyId, secret_access_key: secretAccessKey },
        }),
        urlOf: (path) => `s3://${bucket}/${path}`,
        async list() {
          const files: StoredFile[] = [];
          for await (const page of s3.paginateListObjectsV2({ client }, { Bucket: bucket }))
            for (const { Key = '', Size = 0 } of page.Contents ?? [])
              files.push({ path: Key, byteLength: Size });
          return files;
        },
        async read(path) {
          const { Body } = await client.send(new s3.GetObjectCommand({ Bucket: bucket, Key: path }));
          return Buffer.from((await Body?.transformToByteArray()) ?? []);
        },
      };
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function gcsServer(): Promise<StoreServer | { unavailable: string }> {
  const tool = await goTool('fake-gcs-server');
  if ('unavailable' in tool) return tool;
  const server = await startFakeGcs(tool.path);
  const { endpoint } = server;
  return {
    service: 'gcs',
    endpoint,
    async makePlace() {
      const bucket = nextName();
      await server.makeBucket(bucket);
      const objects = `${endpoint}/storage/v1/b/${bucket}/o`;
      return {
        datastore: (at) => ({ type: 'gcs', bucket, endpoint: at }),
        urlOf: (path) => `gs://${bucket}/${path}`,
        async list() {
          const files: StoredFile[] = [];
          for (let pageToken: string | undefined = ''; pageToken !== undefined;) {
            const answer = await fetch(`${objects}?${new URLSearchParams({ pageToken }).toString()}`);
            const page = (await answer.json()) as GcsPage;
            for (const { name, size } of page.items ?? [])
              files.push({ path: name, byteLength: Number(size) });
            pageToken = page.nextPageToken || undefined;
          }
          return files;
        },
        async read(path) {
          const answer = await fetch(`${objects}/${encodeURIComponent(path)}?alt=media`);
          if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
          return Buffer.from(await answer.arrayBuffer());
        },
      };
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

interface GcsPage {
  items?: { name: string; size: string }[];
  nextPageToken?: string;
}
