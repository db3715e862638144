import { GleanerError } from '../errors.ts';
import type { Permission } from './authorise.ts';

/** A custom role as a user writes it. */
export interface RoleFile {
  /** UUID; the workspace makes one where there is none. */
  name?: string;
  roleName: string;
  description: string;
  permissions: readonly Permission[];
  assignableScopes: readonly string[];
}

/**
 * Reads the JSON of a role definition in either form of the original: `Name`, `Actions`, `AssignableScopes`, or `roleName` and
 * `permissions` as its lists show them. Keys are taken in any case.
 *
 * @throws GleanerError `resource_file_invalid`, whose message has one line for each problem.
 */
export function readRoleFile(text: string, fileName: string): RoleFile {
  const problems: string[] = [];
  const root = membersOf(parse(text, fileName));
  const properties = { ...root, ...membersOf(root['properties']) };
  const words = (from: Members, key: string): string[] => {
    const value = from[key.toLowerCase()] ?? [];
    if (Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '')) return value;
    problems.push(`${key}: a list of texts is expected.`);
    return [];
  };
  const permissionOf = (from: Members): Permission => ({
    actions: words(from, 'actions'),
    notActions: words(from, 'notActions'),
    dataActions: words(from, 'dataActions'),
    notDataActions: words(from, 'notDataActions'),
  });
  const listed = properties['permissions'];
  const permissions = Array.isArray(listed)
    ? listed.map((item) => permissionOf(membersOf(item)))
    : [permissionOf(properties)];
  const assignableScopes = words(properties, 'assignableScopes');
  // Where both are there, `name` is the UUID; alone it is what people call the role.
  const [name, called] = [
    textOf(root['id'])?.split('/').at(-1) ?? textOf(root['name']),
    textOf(properties['rolename']),
  ];
  const roleName = called ?? textOf(root['name']);
  if (roleName === undefined) problems.push('Name: the name of the role is expected.');
  if (assignableScopes.length === 0)
    problems.push('AssignableScopes: at least one scope is expected, such as /subscriptions/<id>.');
  if (permissions.every(({ actions, dataActions }) => actions.length + dataActions.length === 0))
    problems.push('Actions, DataActions: without any, the role allows nothing.');
  if (problems.length > 0 || roleName === undefined) throw invalidFile(problems, fileName);
  const isUuid = name !== undefined && uuid.test(name);
  return {
    ...(isUuid && { name }),
    roleName,
    description: textOf(properties['description']) ?? '',
    permissions,
    assignableScopes,
  };
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

type Members = Readonly<Record<string, unknown>>;

function parse(text: string, fileName: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalidFile([error instanceof Error ? error.message : String(error)], fileName);
  }
}

/** By their names in lower case. */
function membersOf(value: unknown): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key.toLowerCase(), member]));
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function invalidFile(problems: readonly string[], fileName: string): GleanerError {
  return new GleanerError(
    'resource_file_invalid',
    problems.map((problem) => `${fileName}: ${problem}`).join('\n'),
    { fix: `Correct ${fileName}; gleaner role definition list -o json shows roles.` },
  );
}
