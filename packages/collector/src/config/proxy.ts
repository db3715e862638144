import type { ValueType } from './values.ts';

/** Where clients come to, and the model server behind. */
export interface ProxyRoute {
  host: string;
  port: number;
  upstream: { host: string; port: number; isTls: boolean };
}

/** `8080:5001`, `0.0.0.0:8080:model:5001`, `8080:https://model.example`. */
export const proxyValue: ValueType<ProxyRoute> = {
  parse(text) {
    const match = /^(?:([^:\s]*[^:\d\s][^:\s]*|\d+(?:\.\d+){3}):)?(\d{1,5}):(.+)$/.exec(text);
    const upstream = upstreamOf(match?.[3] ?? '');
    const port = Number(match?.[2]);
    if (match === null || upstream === undefined || !(port <= 65_535)) return undefined;
    return { host: match[1] ?? '127.0.0.1', port, upstream };
  },
  expected: 'a route such as 8080:5001, 0.0.0.0:8080:model:5001 or 8080:https://model.example',
};

function upstreamOf(text: string): ProxyRoute['upstream'] | undefined {
  const address = /^\d+$/.test(text) ? `http://127.0.0.1:${text}` : text;
  const url = URL.parse(/^https?:\/\//.test(address) ? address : `http://${address}`);
  if (url === null || url.pathname !== '/' || url.search || url.hash || url.username || url.password)
    return undefined;
  const isTls = url.protocol === 'https:';
  const port = url.port === '' ? (isTls ? 443 : 80) : Number(url.port);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return host === '' || port === 0 ? undefined : { host, port, isTls };
}
