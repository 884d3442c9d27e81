import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { REALM_VARIABLE } from './krb/realm.ts';
import { WRITTEN_BY_SANDBOX } from './mark.ts';
import { type StandInName, standIns } from './stand-ins.ts';

/** What the written commands know of their sandbox. Passwords are a sandbox's own, good on loopback alone. */
export interface CommandOptions {
  readonly user: string;
  readonly password: string;
  /** Absolute path of the file for `fedpkg -C`. */
  readonly fedpkgConfig: string;
  /** Absolute path of the file that stands in for a KDC; without it `kinit` knows no realm. */
  readonly realmFile?: string;
  /** Which commands are written. @defaultValue all that have a stand-in */
  readonly names?: readonly StandInName[];
  /** Real programs by name, absolute: their command runs them instead of the stand-in, with the same added arguments. */
  readonly programs?: Readonly<Partial<Record<StandInName, string>>>;
}

/**
 * Writes one executable per command into `dir`, which is made where it is missing. Each starts the running Node on the stand-in, with
 * what only a sandbox needs put before the caller's own arguments.
 */
export async function writeCommands(dir: string, options: CommandOptions): Promise<void> {
  const { user, password, fedpkgConfig, realmFile, programs = {} } = options;
  const entry = fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url));
  const added: Readonly<Partial<Record<StandInName, readonly string[]>>> = {
    koji: ['--user', user, '--password', password],
    fedpkg: ['-C', fedpkgConfig, '--user', user, '--password', password],
  };
  mkdirSync(dir, { recursive: true });
  for (const name of options.names ?? (Object.keys(standIns) as StandInName[])) {
    const program = programs[name];
    const command = program === undefined ? [process.execPath, entry, name] : [program];
    const words = [...command, ...(added[name] ?? [])].map(quote).join(' ');
    const environment =
      program === undefined
        ? [
            // Without it each start would strip and compile the sources anew. Ours is used where we have one.
            `export NODE_COMPILE_CACHE=${quote(getCompileCacheDir() ?? join(dir, '.cache'))}`,
            ...(realmFile === undefined ? [] : [`export ${REALM_VARIABLE}=${quote(realmFile)}`]),
          ]
        : [];
    const file = join(dir, name);
    writeFileSync(
      file,
      ['#!/bin/sh', WRITTEN_BY_SANDBOX, ...environment, `exec ${words} "$@"`, ''].join('\n'),
    );
    chmodSync(file, 0o700);
  }
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
