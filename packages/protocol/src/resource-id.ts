import { GleanerError } from './errors.ts';

/** One kind of Azure Resource Manager id, with typed values. Names are not escaped in ids: blanks stay blanks. */
export interface ResourceIdKind<Name extends string> {
  /** @throws GleanerError `resource_id_invalid` when a value is empty or holds a slash. */
  format(values: Readonly<Record<Name, string>>): string;
  /** `undefined` when `text` is no id of this kind; the fixed segments are compared without case. */
  parse(text: string): Record<Name, string> | undefined;
}

const group = '/subscriptions/{subscriptionId}/resourceGroups/{resourceGroup}';
const workspace = `${group}/providers/Microsoft.MachineLearningServices/workspaces/{workspace}` as const;

export const workspaceResourceId = resourceIdKind(workspace);

/** The id of a deployment is also the `source` of its events. */
export const deploymentResourceId = resourceIdKind(
  `${workspace}/onlineEndpoints/{endpoint}/deployments/{deployment}`,
);

export const dataVersionResourceId = resourceIdKind(`${workspace}/data/{name}/versions/{version}`);

/** The names between braces, so that ids are typed by the text that shows their shape. */
type Placeholder<Template extends string> = Template extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholder<Rest>
  : never;

function resourceIdKind<const Template extends string>(
  template: Template,
): ResourceIdKind<Placeholder<Template>> {
  type Name = Placeholder<Template>;
  const segments = template.split('/');
  const names = new Map(
    segments.flatMap((segment, index) => {
      const name = /^\{(.+)\}$/.exec(segment)?.[1];
      return name === undefined ? [] : [[index, name as Name]];
    }),
  );

  return {
    format: (values) =>
      segments
        .map((segment, index) => {
          const name = names.get(index);
          return name === undefined ? segment : checked(name, values[name]);
        })
        .join('/'),

    parse(text) {
      const parts = text.split('/');
      if (parts.length !== segments.length) return undefined;
      const values: Partial<Record<Name, string>> = {};
      for (const [index, part] of parts.entries()) {
        const name = names.get(index);
        if (name !== undefined && part !== '') values[name] = part;
        else if (part.toLowerCase() !== segments[index]?.toLowerCase()) return undefined;
      }
      return values as Record<Name, string>;
    },
  };
}

function checked(name: string, value: string): string {
  if (value !== '' && !value.includes('/')) return value;
  throw new GleanerError('resource_id_invalid', `${name} of a resource id is ${JSON.stringify(value)}.`, {
    fix: 'Give a name that is not empty and holds no slash.',
  });
}
