// The tables of spec/workspace.md, from the OpenAPI document that a workspace answers.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createMemoryRuntime, openWorkspace } from '@gleaner/workspace';
import { pino } from 'pino';
import { z } from 'zod';

import { markdownTable } from './markdown-table.ts';
import { words } from './rest-words.ts';

/** What stands before `<workspace>` in the table. */
const workspacePath =
  '/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.MachineLearningServices/workspaces/{workspace}';

type Scalar = string | number | boolean | null;

interface Schema {
  type?: string | undefined;
  enum?: readonly Scalar[] | undefined;
  required?: readonly string[] | undefined;
  properties?: Readonly<Record<string, Schema>> | undefined;
  additionalProperties?: boolean | Schema | undefined;
  items?: Schema | undefined;
  default?: unknown;
  minimum?: number | undefined;
  maximum?: number | undefined;
}

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const schema: z.ZodType<Schema> = z.lazy(() =>
  z.object({
    type: z.string().optional(),
    enum: z.array(scalar).optional(),
    required: z.array(z.string()).optional(),
    properties: z.record(z.string(), schema).optional(),
    additionalProperties: z.union([z.boolean(), schema]).optional(),
    items: schema.optional(),
    default: z.json().optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
  }),
);
const operation = z.object({
  summary: z.string().optional(),
  requestBody: z.object({ content: z.object({ 'application/json': z.object({ schema }) }) }).optional(),
});
const openApi = z.object({ paths: z.record(z.string(), z.record(z.string(), operation)) });
export type OpenApi = z.infer<typeof openApi>;

/** What a workspace says of itself; started for it, and ended. */
export async function readOpenApi(): Promise<OpenApi> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'gleaner-reference-'));
  let token = '';
  try {
    const workspace = await openWorkspace({
      dataFolder,
      runtime: createMemoryRuntime(),
      listen: { host: '127.0.0.1', port: 0 },
      publicUrl: 'http://127.0.0.1:5080',
      names: { subscriptionId: '0', resourceGroup: 'local', workspace: 'local' },
      location: 'local',
      keepOwner: async (owner) => {
        ({ token } = owner);
      },
      logger: pino({ level: 'silent' }),
    });
    try {
      const response = await fetch(`http://127.0.0.1:${workspace.port}/openapi.json`, {
        headers: { authorization: `Bearer ${token}` },
      });
      if (!response.ok) throw new Error(`openapi.json: ${response.status} ${await response.text()}`);
      return openApi.parse(await response.json());
    } finally {
      await workspace.close();
    }
  } finally {
    await rm(dataFolder, { recursive: true });
  }
}

const assetTypes = ['data', 'models', 'environments', 'codes'];

interface Route {
  method: string;
  path: string;
  body: Schema | undefined;
  summary: string | undefined;
}

/** Throws when a route has no words, or the words name a route that there is not. */
export function routesTable(api: OpenApi): string {
  const routes = routesOf(api);
  const told = new Map<string, string[]>();
  for (const { method, path, body, summary } of routes) {
    const shown = assetTypes.reduce(
      (text, type) => text.replace(new RegExp(`^<workspace>/${type}\\b`), '<workspace>/<assets>'),
      path,
    );
    const key = `${method} ${shown}`;
    const text = summary ?? words[key];
    if (text === undefined) throw new Error(`scripts/rest-words.ts has no words for ${key}.`);
    told.set(key, [method, code(shown), text, bodyCell({ method, path: shown, body })]);
  }
  const extra = Object.keys(words).filter((key) => !told.has(key));
  if (extra.length > 0) throw new Error(`There is no route ${extra.join(', ')} any more.`);
  return markdownTable(['method', 'path', 'what it does, or answers', 'body'], [...told.values()]);
}

/** The bodies that make a resource, one table each. */
export function bodyTables(api: OpenApi): string {
  return routesOf(api)
    .filter(({ method, body }) => method === 'PUT' && body !== undefined)
    .map(({ path, body = {} }) => {
      const rows = leavesOf(body).map(({ name, schema, isRequired }) => [
        code(name),
        typeOf(schema) + (isRequired ? ', required' : ''),
      ]);
      return `### ${resourceOf(path)}\n\n${markdownTable(['key', 'takes'], rows)}`;
    })
    .join('\n');
}

function routesOf({ paths }: OpenApi): Route[] {
  return Object.entries(paths).flatMap(([template, operations]) =>
    Object.entries(operations).map(([method, { summary, requestBody }]) => ({
      method: method.toUpperCase(),
      path: template.replace(workspacePath, '{workspace}').replaceAll(/\{(\w+)\}/g, '<$1>'),
      body: requestBody?.content['application/json'].schema,
      summary,
    })),
  );
}

function bodyCell({
  method,
  path,
  body,
}: {
  method: string;
  path: string;
  body: Schema | undefined;
}): string {
  if (body === undefined) return '–';
  if (path.includes('<assets>')) return assetTypes.map((type) => `[${type}](#${type})`).join(', ');
  if (method === 'PUT' || method === 'PATCH')
    return `[${resourceOf(path)}](#${resourceOf(path).toLowerCase()})`;
  return leavesOf(body)
    .map(({ name, schema }) => `${code(name)}: ${typeOf(schema)}`)
    .join('; ');
}

/** `deployments` of `…/deployments/<deployment>`, `data` of `…/data/<name>/versions/<version>`. */
function resourceOf(path: string): string {
  const parts = path.split('/').filter((part) => !part.startsWith('<') && part !== 'versions');
  return parts.at(-1) ?? path;
}

interface Leaf {
  name: string;
  schema: Schema;
  isRequired: boolean;
}

/** The server's own additions, which are taken back without being read. */
const answered = new Set([
  'id',
  'name',
  'type',
  'systemData',
  'properties.provisioningState',
  'properties.scoringUri',
  'properties.swaggerUri',
]);

function leavesOf(parent: Schema, prefix = ''): Leaf[] {
  return Object.entries(parent.properties ?? {}).flatMap(([key, schema]) => {
    const name = `${prefix}${key}`;
    if (answered.has(name)) return [];
    const nested = schema.additionalProperties;
    const values = typeof nested === 'object' && nested.properties !== undefined ? nested : undefined;
    if (values !== undefined) return leavesOf(values, `${name}.<name>.`);
    if (schema.properties !== undefined) return leavesOf(schema, `${name}.`);
    if (schema.items?.properties !== undefined) return leavesOf(schema.items, `${name}[].`);
    return [
      { name, schema, isRequired: parent.required?.includes(key) === true && schema.default === undefined },
    ];
  });
}

function typeOf({ type, enum: values, items, additionalProperties, ...rest }: Schema): string {
  const told =
    rest.default === undefined || rest.default === '' ? '' : `, default ${code(shownDefault(rest.default))}`;
  if (values !== undefined)
    return (
      values
        .filter((one) => one !== null)
        .map((one) => code(String(one)))
        .join(', ') + told
    );
  if (type === 'array') return `list of ${typeOf(items ?? {})}${told}`;
  if (type === 'object')
    return (
      (typeof additionalProperties === 'object' && additionalProperties.type !== undefined
        ? `map to ${typeOf(additionalProperties)}`
        : 'map') + told
    );
  return `${typeWords[type ?? ''] ?? 'anything'}${range(rest)}${told}`;
}

function shownDefault(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  number: 'number',
  boolean: 'true or false',
};

function range({ minimum, maximum }: Pick<Schema, 'minimum' | 'maximum'>): string {
  const isLimit = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  if (minimum === undefined || minimum < 0) return '';
  return isLimit ? ` ${minimum} to ${maximum}` : ` from ${minimum}`;
}

function code(text: string): string {
  return `\`${text}\``;
}
