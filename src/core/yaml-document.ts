import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseAllDocuments,
  type Scalar,
} from 'yaml';
import type { FileFault, Place } from './config-error.ts';
import type { Json } from './json.ts';
import { sourceOffset } from './yaml-scalar.ts';

/** The way from the top of a file to a value. */
export type Path = readonly (string | number)[];

/** `steps[3].with.nvr` */
export function formatPath(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[\w-]+$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `[${JSON.stringify(part)}]`;
  }
  return text;
}

/** A YAML file as plain values, each with its place. */
export interface YamlDocument {
  readonly file: string;
  /** Null for an empty file, and where the text is no YAML at all. */
  readonly value: Json;
  /** What is wrong with it as YAML. Reading goes on where it can. */
  readonly faults: readonly FileFault[];
  /** True where the text could not be read, so that judging the value would only add noise. */
  readonly broken: boolean;
  /** Of the value; of the nearest one above it where there is none. */
  placeOf(path: Path): Place;
  /** Of the key that leads to the value; of the value where it stands in a list. */
  placeOfKey(path: Path): Place;
  /** Of the character at `offset` of a text value. */
  placeIn(path: Path, offset: number): Place;
}

const LIMITS = { bytes: 256 * 1024, depth: 50, nodes: 20_000, syntaxFaults: 10 } as const;

const TOO_DEEP = `nested deeper than ${LIMITS.depth} levels`;

/** In our words what the parser says in its own. */
const SYNTAX: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab indents this line; YAML takes only spaces',
  RESOURCE_EXHAUSTION: TOO_DEEP,
  BLOCK_AS_IMPLICIT_KEY: 'a second `: ` on one line; put the text in quotes',
  BAD_DIRECTIVE: 'not a directive of YAML 1.2',
};

interface Spot {
  readonly value: number;
  readonly key: number;
  readonly scalar: Scalar | undefined;
}

/** Reads YAML 1.2 (core schema) with places. Never throws: all that is wrong is in `faults`. */
export function readYaml(file: string, text: string): YamlDocument {
  const lines = new LineCounter();
  const faults: FileFault[] = [];
  const spots = new Map<string, Spot>();
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const report = (offset: number, path: Path, message: string) => {
    faults.push({ file, ...placeAt(offset), path: formatPath(path), message });
  };

  const spotOf = (path: Path): Spot | undefined => {
    for (let length = path.length; length >= 0; length--) {
      const spot = spots.get(JSON.stringify(path.slice(0, length)));
      if (spot !== undefined) return spot;
    }
    return undefined;
  };

  const finish = (value: Json, broken: boolean): YamlDocument => ({
    file,
    value,
    faults,
    broken,
    placeOf: (path) => placeAt(spotOf(path)?.value ?? 0),
    placeOfKey: (path) => placeAt(spotOf(path)?.key ?? 0),
    placeIn: (path, offset) => {
      const spot = spotOf(path);
      if (spot?.scalar === undefined) return placeAt(spot?.value ?? 0);
      return placeAt(sourceOffset(text, spot.scalar, offset));
    },
  });

  if (text.length > LIMITS.bytes) {
    report(0, [], `larger than ${LIMITS.bytes / 1024} KiB`);
    return finish(null, true);
  }
  const documents = parse(text, lines);
  const [first, second] = documents;
  if (first === undefined) return finish(null, false);

  const seenLines = new Set<number>();
  for (const { code, message, pos } of documents.flatMap((each) => [...each.errors, ...each.warnings])) {
    const { line } = placeAt(pos[0]);
    // One slip confuses the parser for the rest of its line, and often beyond.
    if (seenLines.has(line) || seenLines.size >= LIMITS.syntaxFaults) continue;
    seenLines.add(line);
    const tag = code === 'TAG_RESOLVE_FAILED' ? 'tags such as `!name` are not used here' : undefined;
    report(pos[0], [], tag ?? SYNTAX[code] ?? `no valid YAML: ${lowerFirst(message)}`);
  }
  const broken = documents.some((each) => each.errors.length > 0);
  if (second !== undefined && !broken) {
    report(second.range[0], [], 'a second document; a file holds one');
  }
  if (first.directives.yaml.explicit === true && first.directives.yaml.version !== '1.2') {
    report(0, [], 'YAML 1.1 reads `yes` and `010` otherwise; leave the `%YAML` line out');
  }
  if (broken) return finish(null, true);

  let nodes = 0;
  let exhausted = false;
  const exhaust = (offset: number, path: Path, message: string): null => {
    if (!exhausted) report(offset, path, message);
    exhausted = true;
    return null;
  };

  const read = (node: Node | null, key: number | undefined, path: Path, open: readonly Node[]): Json => {
    const offset = node?.range?.[0] ?? key ?? 0;
    if (exhausted) return null;
    if (++nodes > LIMITS.nodes) {
      return exhaust(offset, path, `more than ${LIMITS.nodes} values, counting each use of an anchor`);
    }
    if (path.length > LIMITS.depth) return exhaust(offset, path, TOO_DEEP);
    // An anchor's content is shown where it is used: that is where its value is judged.
    const id = JSON.stringify(path);
    if (!spots.has(id)) {
      spots.set(id, { value: offset, key: key ?? offset, scalar: isScalar(node) ? node : undefined });
    }
    if (isAlias(node)) {
      const target = node.resolve(first);
      if (target === undefined) {
        report(offset, path, `no anchor "&${node.source}" before this`);
        return null;
      }
      if (open.includes(target)) {
        report(offset, path, `"*${node.source}" holds itself`);
        return null;
      }
      return read(target, key, path, open);
    }
    if (isMap(node)) {
      const object: Record<string, Json> = {};
      const names = new Set<string>();
      for (const pair of node.items) {
        const keyNode = pair.key as ParsedNode | null;
        const keyOffset = keyNode?.range?.[0] ?? offset;
        const name = isScalar(keyNode) ? keyNode.value : undefined;
        if (typeof name !== 'string') {
          report(keyOffset, path, 'a key that is not text; put it in quotes');
        } else if (names.has(name)) {
          report(keyOffset, [...path, name], 'a second key of this name');
        } else {
          names.add(name);
          const value = read(
            (pair.value ?? null) as Node | null,
            keyOffset,
            [...path, name],
            [...open, node],
          );
          // Plain assignment of `__proto__` would set the prototype.
          Object.defineProperty(object, name, {
            value,
            enumerable: true,
            configurable: true,
            writable: true,
          });
        }
      }
      return object;
    }
    if (isSeq(node)) {
      return node.items.map((item, index) =>
        read(item as Node | null, undefined, [...path, index], [...open, node]),
      );
    }
    if (isScalar(node)) {
      const { value } = node;
      if (typeof value === 'number' && !Number.isFinite(value)) {
        report(offset, path, 'not a finite number');
        return null;
      }
      return value === undefined ? null : (value as Json);
    }
    return null;
  };

  const value = read(first.contents, undefined, [], []);
  return finish(exhausted ? null : value, exhausted);
}

function parse(text: string, lineCounter: LineCounter): readonly Document.Parsed[] {
  const documents = parseAllDocuments(text, {
    version: '1.2',
    schema: 'core',
    merge: false,
    // We look for second keys ourselves, with a place for each; the library's way takes quadratic time.
    uniqueKeys: false,
    prettyErrors: false,
    lineCounter,
  });
  return Array.isArray(documents) ? documents : [];
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
