import { isAlias, isMap, isScalar } from 'yaml';
import type { Alias, ParsedNode, Scalar, YAMLMap } from 'yaml';
import { resolvePlain } from './yaml-scalar.ts';
import { pythonRepr } from './yaml-value.ts';
import type { Position, ScalarContent, YamlEntry, YamlMap, YamlScalar, YamlValue } from './yaml-value.ts';

const maxDepth = 64;
/** How many values aliases may stand for in all, each counted with everything below it. */
const maxAliasedValues = 10_000;
const standardTag = 'tag:yaml.org,2002:';

export interface TreeOptions {
  positionAt: (offset: number) => Position;
  onProblem: (at: Position, message: string) => void;
}

/**
 * Turns the parser's nodes into values with positions: aliases followed, `<<` merged, scalars resolved, keys unique. What
 * cannot be turned is reported and stands as null.
 */
export function buildTree(root: ParsedNode | null, options: TreeOptions): YamlValue {
  const { positionAt } = options;
  /** Anchors seen so far; `undefined` while the value they name is still being built. */
  const anchors = new Map<string, { value: YamlValue; size: number } | undefined>();
  let builtValues = 0;
  let aliasedValues = 0;
  let beyondLimits = false;

  return build(root, { depth: 0, at: { line: 1, column: 1 } });

  function build(node: ParsedNode | null, place: { depth: number; at: Position }): YamlValue {
    builtValues += 1;
    if (node === null) return { kind: 'null', ...place.at };
    const at = positionAt(node.range[0]);
    if (isAlias(node)) return follow(node, at);
    if (place.depth > maxDepth) return beyondLimit(at, `Values are nested more than ${maxDepth} deep.`);

    const { anchor } = node;
    const builtBefore = builtValues;
    if (anchor !== undefined) anchors.set(anchor, undefined);
    const value = buildContent(node, { depth: place.depth + 1, at });
    if (anchor !== undefined) anchors.set(anchor, { value, size: builtValues - builtBefore + 1 });
    return value;
  }

  function buildContent(node: Exclude<ParsedNode, Alias>, place: { depth: number; at: Position }): YamlValue {
    const { at } = place;
    if (isScalar(node)) return { ...scalarContent(node, (message) => onProblem(at, message)), ...at };
    const plainTag = `${standardTag}${isMap(node) ? 'map' : 'seq'}`;
    if (node.tag !== undefined && node.tag !== plainTag) onProblem(at, unknownTag(node.tag));
    if (isMap(node)) return { kind: 'map', entries: buildEntries(node, place), ...at };
    return { kind: 'list', items: node.items.map((item) => build(item, place)), ...at };
  }

  function buildEntries(node: YAMLMap.Parsed, place: { depth: number; at: Position }): YamlEntry[] {
    const entries = new Map<string, YamlEntry>();
    const merged = new Map<string, YamlEntry>();
    for (const pair of node.items) {
      const key = build(pair.key, place);
      const value = build(pair.value, { depth: place.depth, at: key });
      if (key.kind === 'list' || key.kind === 'map') {
        onProblem(key, 'found unhashable key');
        continue;
      }
      const identity = `${key.kind} ${keyName(key)}`;
      const first = entries.get(identity);
      if (first !== undefined) {
        onProblem(key, `Duplicate key ${pythonRepr(key)}: the first is in line ${first.key.line}.`);
      } else if (isMergeKey(pair.key)) {
        for (const map of mapsToMerge(value)) {
          for (const entry of map.entries) {
            const identity = `${entry.key.kind} ${entry.name}`;
            if (!merged.has(identity)) merged.set(identity, entry);
          }
        }
      } else {
        entries.set(identity, { key, name: keyName(key), value });
      }
    }
    return [...new Map([...merged, ...entries]).values()];
  }

  function mapsToMerge(value: YamlValue): YamlMap[] {
    const values = value.kind === 'list' ? value.items : [value];
    const maps = values.filter((value) => value.kind === 'map');
    if (maps.length < values.length) onProblem(value, 'expected a mapping or list of mappings for merging');
    return maps;
  }

  function follow(alias: Alias, at: Position): YamlValue {
    const target = anchors.get(alias.source);
    if (target === undefined) {
      const open = anchors.has(alias.source);
      onProblem(
        at,
        open ? `alias '${alias.source}' stands in its own value` : `found undefined alias '${alias.source}'`,
      );
      return { kind: 'null', ...at };
    }
    aliasedValues += target.size;
    builtValues += target.size;
    if (aliasedValues <= maxAliasedValues) return target.value;
    return beyondLimit(at, `Aliases stand for more than ${maxAliasedValues} values.`);
  }

  function beyondLimit(at: Position, message: string): YamlValue {
    onProblem(at, message);
    beyondLimits = true;
    return { kind: 'null', ...at };
  }

  /** Beyond a limit the tree has holes: what is wrong with it then says nothing about the file. */
  function onProblem(at: Position, message: string): void {
    if (!beyondLimits) options.onProblem(at, message);
  }
}

function isMergeKey(node: ParsedNode): boolean {
  return isScalar(node) && node.type === 'PLAIN' && node.source === '<<';
}

function keyName(key: YamlScalar): string {
  if (key.kind === 'null') return 'null';
  return key.kind === 'integer' || key.kind === 'float' ? pythonRepr(key) : String(key.value);
}

function scalarContent(node: Scalar.Parsed, onProblem: (message: string) => void): ScalarContent {
  const { source, tag } = node;
  const text: ScalarContent = { kind: 'text', value: source };
  if (tag === undefined) return node.type === 'PLAIN' ? resolvePlain(source) : text;
  const resolved = resolvePlain(source);
  switch (tag) {
    case '!':
    case `${standardTag}str`:
      return text;
    case `${standardTag}float`:
      return resolved.kind === 'integer' ? { kind: 'float', value: Number(resolved.value) } : resolved;
    case `${standardTag}int`:
    case `${standardTag}bool`:
    case `${standardTag}null`:
    case `${standardTag}timestamp`:
      return resolved;
    default:
      onProblem(unknownTag(tag));
      return text;
  }
}

function unknownTag(tag: string): string {
  return `could not determine a constructor for the tag '${tag}'`;
}
