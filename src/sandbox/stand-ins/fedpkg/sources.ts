import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseCommand } from './arguments.ts';
import { askGit, type Clone, readClone, runGit } from './git.ts';
import { hashOf, openLookaside, type SourceFile } from './lookaside.ts';
import { type Context, Refused } from './settings.ts';

/** Path of a repository in the lookaside cache. */
export function lookasideName({ settings, globals }: Context, clone: Clone): string {
  const name = globals.name ?? clone.name;
  return settings.lookasideNamespaced ? `${globals.namespace ?? clone.namespace}/${name}` : name;
}

/** The entries of a `sources` file; the old form means md5. */
export function parseSources(text: string): readonly SourceFile[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const entry = /^(\w+) \(([^ )]+)\) = ([0-9a-f]+)$/i.exec(line);
      if (entry !== null) {
        return { hashType: entry[1]?.toLowerCase() ?? '', file: entry[2] ?? '', hash: entry[3] ?? '' };
      }
      const old = /^([0-9a-f]{32}) {2}(\S+)$/i.exec(line);
      if (old === null) throw new Refused(`Malformed line in sources file: ${line}`);
      return { hashType: 'md5', file: old[2] ?? '', hash: old[1] ?? '' };
    });
}

/** `fedpkg sources`: downloads what is not there. */
export async function sources(context: Context, argv: readonly string[]): Promise<number> {
  const { run, path } = context;
  const { options } = parseCommand(context, 'sources', argv, {
    outdir: { names: ['--outdir'], takes: 'value' },
    force: { names: ['--force'] },
  });
  const list = join(path, 'sources');
  if (!existsSync(list)) {
    context.say("sources file doesn't exist. Source files download skipped.");
    return 0;
  }
  const repo = lookasideName(context, await readClone(run, path));
  const folder = options.outdir === undefined ? path : resolve(run.cwd, options.outdir);
  mkdirSync(folder, { recursive: true });
  const lookaside = openLookaside(context);
  try {
    for (const source of parseSources(readFileSync(list, 'utf8'))) {
      const file = join(folder, source.file);
      if (existsSync(file) && hashOf(file, source.hashType) === source.hash) {
        context.say(`Not downloading already downloaded ${source.file}`);
        continue;
      }
      context.say(`Downloading ${source.file} from ${context.settings.lookaside}`);
      await lookaside.download(repo, source, file);
    }
  } finally {
    lookaside.close();
  }
  return 0;
}

/** `fedpkg new-sources FILE…`: `sources` then holds exactly these. */
export function newSources(context: Context, argv: readonly string[]): Promise<number> {
  return uploadFiles(context, 'new-sources', argv, true);
}

/** `fedpkg upload FILE…`: `sources` holds these too. */
export function upload(context: Context, argv: readonly string[]): Promise<number> {
  return uploadFiles(context, 'upload', argv, false);
}

const TRACKED_HINT =
  'Hint: Use git for text files like the spec file, patches or helper scripts. Use the lookaside cache for binary blobs, usually upstream source tarballs.';

async function uploadFiles(
  context: Context,
  command: string,
  argv: readonly string[],
  replace: boolean,
): Promise<number> {
  const { run, settings, path } = context;
  const { options, args } = parseCommand(context, command, argv, { offline: { names: ['--offline'] } });
  for (const file of args) {
    const full = resolve(path, file);
    if (!existsSync(full) || !statSync(full).isFile()) {
      throw new Refused(`Path does not exist or is not a file: ${file}`);
    }
  }
  const listPath = join(path, 'sources');
  const before = !replace && existsSync(listPath) ? parseSources(readFileSync(listPath, 'utf8')) : [];
  const odd = before.find(({ hashType }) => hashType !== settings.hashType);
  if (odd !== undefined) {
    throw new Refused(
      `Can not upload a new source file with a ${settings.hashType} hash, as the "sources" file contains at least one line with a ${odd.hashType} hash. Please redo the whole upload with all the source files or manually replace the hash.`,
    );
  }
  const entries = new Map(before.map((source) => [source.file, source]));
  const repo = lookasideName(context, await readClone(run, path));
  const lookaside = openLookaside(context);
  let fresh = 0;
  try {
    for (const file of args) {
      const full = resolve(path, file);
      if ((await askGit(run, path, ['ls-files', '--error-unmatch', '--', full])).exit === 0) {
        throw new Refused(
          `Error: Attempting to upload a git tracked file '${file}'. Only upload files not tracked by git. You can use 'git rm --cached' to untrack a file from git.\n${TRACKED_HINT}`,
        );
      }
      const hash = hashOf(full, settings.hashType);
      if (options.offline !== true) {
        context.say(`Uploading: ${file} to ${settings.lookasideCgi}`);
        if (!(await lookaside.upload(repo, full, file, hash))) fresh++;
      }
      entries.set(basename(file), { file: basename(file), hash, hashType: settings.hashType });
    }
  } finally {
    lookaside.close();
  }
  const lines = [...entries.values()].map(
    ({ file, hash, hashType }) => `${hashType.toUpperCase()} (${file}) = ${hash}\n`,
  );
  writeFileSync(listPath, lines.join(''));
  ignore(
    path,
    args.map((file) => basename(file)),
  );
  await runGit(run, path, ['add', 'sources', '.gitignore']);
  context.say(
    fresh === 0 && options.offline !== true
      ? 'All sources were already uploaded.'
      : "Source upload succeeded. Don't forget to commit the sources file",
  );
  return 0;
}

function ignore(path: string, files: readonly string[]): void {
  const gitignore = join(path, '.gitignore');
  const known = existsSync(gitignore) ? readFileSync(gitignore, 'utf8') : '';
  const missing = files.map((file) => `/${file}`).filter((line) => !known.split('\n').includes(line));
  if (missing.length === 0 && existsSync(gitignore)) return;
  const gap = known === '' || known.endsWith('\n') ? '' : '\n';
  appendFileSync(gitignore, `${gap}${missing.map((line) => `${line}\n`).join('')}`);
}
