/**
 * `node scripts/libraries.ts DIR`, a part of `npm run build`: puts libraries of very many small modules, each as one, below `DIR/node_modules`, where a
 * program that was built into DIR finds them first.
 *
 * Each module costs a start some time, and a process that lives for months some memory: Kysely alone has 255 of them, which were a tenth of all that
 * an idle `serve` holds.
 */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

/** Only modules of the standard's own kind: others are bound at run time, to whatever is installed. */
const LIBRARIES = ['kysely', 'zod'] as const;

const root = fileURLToPath(new URL('..', import.meta.url));
const [built] = process.argv.slice(2);
if (built === undefined) throw new Error('usage: node scripts/libraries.ts DIR');

await Promise.all(LIBRARIES.map((name) => bundle(name, join(built, 'node_modules', name))));

async function bundle(name: string, dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  const installed = join(root, 'node_modules', name);
  const { version, license } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
  await using library = await rolldown({ input: name, cwd: root, platform: 'node', logLevel: 'warn' });
  const { output } = await library.write({
    file: join(dir, 'index.js'),
    format: 'esm',
    comments: false,
    codeSplitting: false,
  });
  const foreign = output[0].imports.filter((specifier) => !specifier.startsWith('node:'));
  if (foreign.length > 0) throw new Error(`the bundle of ${name} needs ${foreign.join(', ')} beside it`);
  const about = { name, version, license, type: 'module', exports: './index.js' };
  await writeFile(join(dir, 'package.json'), `${JSON.stringify(about)}\n`);
  await copyFile(join(installed, 'LICENSE'), join(dir, 'LICENSE'));
}
