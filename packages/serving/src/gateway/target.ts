/** `/endpoints/<endpoint>/<rest>`: the endpoint's name, and what its model is asked for. `undefined`: for the workspace. */
export function endpointTarget(url: string): { endpoint: string; path: string } | undefined {
  const match = /^(?:https?:\/\/[^/?#]*)?\/endpoints\/([^/?#]+)([^#]*)$/i.exec(url);
  if (match === null) return undefined;
  const [, endpoint = '', rest = ''] = match;
  return { endpoint, path: rest.startsWith('/') ? rest : `/${rest}` };
}
