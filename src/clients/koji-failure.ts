import { Fault } from '../core/fault.ts';
import { excerpt } from './http-answer.ts';
import type { KojiHub } from './koji.ts';

/** What is known of a failed build: the fault text of the task, and ends of logs where they could be read. */
export interface BuildFailure {
  readonly task_id: number;
  /** The child that failed first; undefined where the build task itself did. */
  readonly child?: { readonly id: number; readonly name: string } | undefined;
  readonly text: string;
  readonly log?: string | undefined;
}

interface FailedTask {
  readonly hub: Pick<KojiHub, 'logTail'>;
  readonly id: number;
  /** Its fault text, which names the logs. */
  readonly text: string;
}

/**
 * The ends of the logs that a builder's text says to see, `build.log` where it names none. The first named comes last: of two it is the likelier one.
 * They are only more evidence: what cannot be read is left out.
 */
export async function logsOf({ hub, id, text }: FailedTask, signal: AbortSignal): Promise<string> {
  const named = [...(/; see (.+?) for more information/.exec(text)?.[1] ?? '').matchAll(/[\w-]+\.log/g)];
  const names = named.length === 0 ? ['build.log'] : named.map(([name]) => name);
  const tails = await Promise.all(
    names.map((name) =>
      hub.logTail(id, name, signal).catch(() => {
        signal.throwIfAborted();
        return '';
      }),
    ),
  );
  return tails
    .filter((tail) => tail.trim() !== '')
    .reverse()
    .join('\n');
}

/** Signs in a log that the machine broke and not the package. */
const BROKEN_MACHINE =
  /No space left on device|Input\/output error|Read-only file system|Cannot allocate memory|Could not resolve host|Failed to download|Curl error|Cannot download|No more mirrors|Stale file handle|Structure needs cleaning/i;

interface Rule {
  readonly pattern: RegExp;
  readonly says: 'package' | 'builder' | 'used' | 'sources' | 'clone' | 'refused';
}

/**
 * The texts of Koji's builders. Of mock's numbers 10 is rpmbuild, 1 is mostly rpmbuild ("see build.log or root.log"), everything else is
 * the buildroot (30: its dependencies could not be installed); a signal is the machine's.
 */
const RULES: readonly Rule[] = [
  { pattern: /mock was killed by signal/, says: 'builder' },
  { pattern: /could not init mock buildroot/, says: 'builder' },
  { pattern: /error building (?:package|srpm)[^;]*, mock exited with status (?:1|10);/, says: 'package' },
  { pattern: /error building (?:package|srpm)/, says: 'builder' },
  { pattern: /No spec file found|Multiple spec files found|No (?:matching|valid) arches/, says: 'package' },
  { pattern: /Build already (?:exists|in progress)/, says: 'used' },
  { pattern: /error retrieving sources/, says: 'sources' },
  { pattern: /Error running GIT command/, says: 'clone' },
  {
    pattern: /policy violation|not in list for tag|is blocked for tag|unknown build target/,
    says: 'refused',
  },
];

/** Whose fault a failed build is. What we do not know is Koji's: it took the task and did not bring the build. */
export function buildFault({ task_id, child, text, log }: BuildFailure): Fault {
  const evidence = {
    task_id,
    child: child?.name ?? null,
    child_id: child?.id ?? null,
    text: excerpt(text, 1000),
    ...(log ? { log: log.slice(-1000) } : {}),
  };
  const where = child === undefined ? `koji task ${task_id}` : `koji task ${task_id} (${child.name})`;
  const message = `${where} failed: ${excerpt(text, 200) || 'no text'}`;
  const says = RULES.find(({ pattern }) => pattern.test(text))?.says;
  if (says === 'package' && !BROKEN_MACHINE.test(log ?? '')) {
    return new Fault(message, {
      code: 'BUILD_BROKEN_BY_PACKAGE',
      kind: 'prober',
      evidence,
      hint: 'The spec file of the test package does not build: read build.log of the task and mend the package.',
    });
  }
  if (says === 'used') {
    return new Fault(message, {
      code: 'BUILD_ALREADY_EXISTS',
      kind: 'prober',
      evidence,
      hint: 'Raise the release before the build: put dist-git/bump before this step.',
    });
  }
  if (says === 'sources') {
    return new Fault(message, {
      code: 'BUILD_SOURCES_NOT_FETCHED',
      kind: 'rejected',
      system: 'lookaside',
      evidence,
    });
  }
  if (says === 'clone') {
    return new Fault(message, { code: 'BUILD_NOT_CLONED', kind: 'rejected', system: 'dist-git', evidence });
  }
  if (says === 'refused') {
    return new Fault(message, { code: 'BUILD_REFUSED', kind: 'rejected', system: 'koji', evidence });
  }
  const code = says === undefined ? 'BUILD_FAILED' : 'BUILD_BROKEN_BY_BUILDER';
  return new Fault(message, { code, kind: 'rejected', system: 'koji', evidence });
}
