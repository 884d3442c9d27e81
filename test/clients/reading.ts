import { readRefusal, updateIdOf } from '../../src/clients/bodhi-command.ts';
import { fedpkgFault, newSourcesFault } from '../../src/clients/fedpkg.ts';
import { gitFault } from '../../src/clients/git.ts';
import { expiryOf, judgeKinit, parseKlist } from '../../src/clients/kerberos.ts';
import { readCancel, readFedpkgBuild } from '../../src/clients/koji-command.ts';
import { Fault } from '../../src/core/fault.ts';
import type { CommandResult } from '../../src/core/ports.ts';

/** A finished command, and where it was told to find the identity provider. */
export interface Said extends CommandResult {
  readonly idProvider?: string | undefined;
}

/**
 * What packprobe makes of a finished command, in words: `ok`, what it brought, or code, kind and charge of the fault. Commands that packprobe never runs are
 * read by the reader of those that it does.
 */
export function readingOf(said: Said): string {
  const { file, args } = said.command;
  switch (file) {
    case 'kinit':
      return readKinit(said);
    case 'klist':
      return readKlist(said);
    case 'fedpkg':
      return readFedpkg(said, args);
    case 'bodhi':
      return readBodhi(said);
    case 'koji':
    case 'sh':
      return told(readCancel(said));
    default:
      return `exit ${said.exit}`;
  }
}

function readKinit(said: Said): string {
  try {
    judgeKinit(said);
    return 'ok';
  } catch (error) {
    if (error instanceof Fault) return told(error);
    throw error;
  }
}

function readKlist({ command, exit, stdout }: Said): string {
  if (command.args.includes('-s')) return exit === 0 ? 'a ticket' : 'no ticket';
  const cache = parseKlist(stdout);
  if (cache === undefined) return `no cache, exit ${exit}`;
  return `${cache.principal} until ${new Date(expiryOf(cache) ?? Number.NaN).toISOString()}`;
}

function readFedpkg(said: Said, words: readonly string[]): string {
  if (words.includes('build')) {
    const submission = readFedpkgBuild(said);
    if ('task_id' in submission) return `task ${submission.task_id}`;
    return `${told(submission.fault)}${submission.maybe_submitted ? ', a task may be there' : ''}`;
  }
  if (said.exit === 0) return 'ok';
  if (words.includes('new-sources')) return told(newSourcesFault(said));
  return told(words.includes('push') ? gitFault(said, 'git push') : fedpkgFault(said, 'fedpkg'));
}

function readBodhi(said: Said): string {
  const alias = updateIdOf(said);
  if (alias !== undefined) return `update ${alias}`;
  if (said.exit === 0 && said.stderr === '') return 'ok';
  return told(readRefusal(said, { url: 'http://bodhi.test', id_provider: said.idProvider }));
}

function told(fault: Fault | undefined): string {
  return fault === undefined ? 'ok' : `${fault.code} ${fault.kind} ${fault.system}`;
}
