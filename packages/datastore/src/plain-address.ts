/** An http or https address with nothing but host, port and path: no user, password, query or fragment. */
export function plainAddress(text: string): URL | undefined {
  const url = URL.parse(text);
  const isPlain = url !== null && !url.username && !url.password && !url.search && !url.hash;
  return isPlain && /^https?:$/.test(url.protocol) ? url : undefined;
}
