import { spawn } from 'node:child_process';
import { basename, join, resolve } from 'node:path';
import { type Progress, uploadFile } from '../koji/upload.ts';
import type { Clone } from './git.ts';
import type { KojiSession } from './koji-session.ts';
import { readNvre, specFile } from './package.ts';
import { type Context, Refused } from './settings.ts';
import { sources } from './sources.ts';

/** A source package that lies on the hub. */
export interface Uploaded {
  readonly name: string;
  /** Below the hub's work folder. */
  readonly path: string;
}

/** Sends a source package, which the host's rpmbuild makes of the tree where none is named. */
export async function uploadSourcePackage(
  context: Context,
  clone: Clone,
  { hub }: KojiSession,
  named: string | undefined,
): Promise<Uploaded> {
  const { run, globals } = context;
  const file = named === undefined ? await makeSourcePackage(context, clone) : resolve(run.cwd, named);
  const path = await uploadFile(run, hub, file, globals.quiet ? undefined : progressBar(context));
  if (!globals.quiet) run.print('');
  return { name: basename(file), path };
}

async function makeSourcePackage(context: Context, clone: Clone): Promise<string> {
  const { run, path } = context;
  await sources(context, []);
  const { nvr, builtFor } = await readNvre(context, clone);
  const folders = ['_sourcedir', '_specdir', '_builddir', '_srcrpmdir', '_rpmdir'];
  const macros = [
    ...folders.map((folder) => `${folder} ${path}`),
    `dist .${builtFor.disttag}`,
    `${builtFor.distvar} ${builtFor.distval}`,
    `${builtFor.disttag} 1`,
  ];
  const defined = macros.flatMap((macro) => ['--define', macro]);
  const exit = await rpmbuild(context, [...defined, '--nodeps', '-bs', specFile({ run }, path)]);
  if (exit !== 0) throw new Refused('Failed to execute command.');
  return join(path, `${nvr}.src.rpm`);
}

function rpmbuild({ run, path }: Context, args: readonly string[]): Promise<number> {
  return new Promise((done, reject) => {
    const child = spawn('rpmbuild', args, {
      cwd: path,
      env: run.env as NodeJS.ProcessEnv,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const to of ['stdout', 'stderr'] as const) {
      child[to].setEncoding('utf8');
      child[to].on('data', (text: string) => run.write(to, text));
    }
    child.on('error', () => reject(new Refused("[Errno 2] No such file or directory: 'rpmbuild'")));
    child.on('close', (code) => done(code ?? 1));
  });
}

/** Drawn over itself, with or without a terminal. */
function progressBar({ run }: Context): Progress {
  const began = Date.now();
  const width = 36;
  return (sent, size) => {
    const share = size === 0 ? 1 : sent / size;
    const bar = '='.repeat(Math.round(width * share)).padEnd(width);
    const seconds = (Date.now() - began) / 1000;
    const time = new Date(seconds * 1000).toISOString().slice(11, 19);
    const percent = String(Math.round(share * 100))
      .padStart(2, '0')
      .padStart(3);
    const rate = sent === 0 ? '- B' : inUnits(sent / Math.max(seconds, 0.001));
    run.write(
      'stdout',
      `[${bar}] ${percent}% ${time} ${inUnits(sent).padStart(10)} ${`${rate}/sec`.padStart(14)}\r`,
    );
  };
}

function inUnits(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  const step = Math.min(bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10), units.length - 1);
  return `${(bytes / 1024 ** step).toFixed(2)} ${units[step]}`;
}
