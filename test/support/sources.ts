import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');

/** Every TypeScript file below a folder of the project, relative to its root. */
export function sourceFiles(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
    .sort();
}

export function readSource(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

export interface Import {
  readonly file: string;
  readonly line: number;
  /** A path relative to the root for files of ours, else the name of the module. */
  readonly target: string;
}

/** What a file imports, also by `import()`. */
export function importsOf(file: string): readonly Import[] {
  return readSource(file)
    .split('\n')
    .flatMap((text, index) =>
      [...text.matchAll(/(?:^import (?:.* from )?|^export .* from |^} from |\bimport\()'([^']+)'/g)].map(
        ([, name = '']) => ({
          file,
          line: index + 1,
          target: name.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(file), name)) : name,
        }),
      ),
    );
}
