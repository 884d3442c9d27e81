import { FAULT, KojiFault } from './faults.ts';

/** A source address of a build, taken apart: `git+https://host/rpms/foo.git?path#commit`. */
export interface ScmUrl {
  /** With port. */
  readonly host: string;
  /** `/rpms/foo.git`. */
  readonly path: string;
  /** Last part of the path, without `.git`. */
  readonly pkg: string;
  /** What stands behind `#`: a commit, or the name of a branch. */
  readonly revision: string;
  /** What git clones. */
  readonly clone: string;
  /** The address without its revision. */
  readonly base: string;
}

const SCM =
  /^(?<scheme>(?:git(?:\+(?:http|https|rsync|ssh))?|cvs(?:\+ssh)?|svn(?:\+(?:http|https|ssh))?)):\/\//;

/** Whether a source is an address at all; everything else is the path of an uploaded source package. */
export function isScmUrl(source: string): boolean {
  return source.includes('://');
}

export function readScmUrl(source: string): ScmUrl {
  const scheme = SCM.exec(source)?.groups?.['scheme'];
  const [base = '', revision] = source.split('#');
  if (scheme === undefined) throw new KojiFault(FAULT.generic, `Invalid SCM URL: ${source}`);
  if (revision === undefined || revision === '') {
    throw new KojiFault(
      FAULT.generic,
      `Unable to parse SCM URL: ${source} . Param fragment element is missing.`,
    );
  }
  const [host = '', ...parts] = base.slice(scheme.length + 3).split('/');
  const path = `/${parts.join('/')}`.replace(/\?.*$/, '');
  const transport = scheme.includes('+') ? scheme.slice(scheme.indexOf('+') + 1) : scheme;
  return {
    host: host.replace(/^[^@]*@/, ''),
    path,
    pkg: (path.split('/').at(-1) ?? '').replace(/\.git$/, ''),
    revision,
    clone: `${transport}://${host}${path}`,
    base,
  };
}

export interface ScmPolicy {
  readonly hosts: readonly string[] | undefined;
  readonly scratch: boolean;
}

/** Policy `build_from_scm`: packages of dist-git; any path of it, so forks too, for scratch builds. */
export function assertScmAllowed({ host, path }: ScmUrl, { hosts, scratch }: ScmPolicy): void {
  const known = hosts === undefined || hosts.includes(host);
  const isPackage = /^(?:\/git)?\/rpms\/[^/]+$/.test(path);
  if (!known || !(scratch || isPackage)) {
    throw new KojiFault(FAULT.build, `SCM: ${host}:${path} not allowed`);
  }
}
