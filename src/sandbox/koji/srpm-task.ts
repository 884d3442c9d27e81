import { countRelease, expandAutorelease, usesAutorelease } from '../kit/autorelease.ts';
import { readChangelog } from './changelog.ts';
import { FAULT, KojiFault, notAllowed } from './faults.ts';
import { findTag, type Hub, releaseOf, type SourcePackage, type Tag, type Task } from './hub.ts';
import {
  badSourceLog,
  goodBuildLog,
  mockResult,
  specErrorLog,
  taskPath,
  writeFile,
  writeMockLogs,
} from './logs.ts';
import { type HeaderValue, readHeader } from './rpm-file.ts';
import { packed } from './rpms.ts';
import { assertScmAllowed, readScmUrl, type ScmUrl } from './scm.ts';
import { readSpec, type Spec, SpecError } from './spec.ts';
import { isStruct, isTrue, type Value } from './value.ts';
import { obey, spend } from './worker.ts';

/** Macros that the buildroot of a tag defines. */
export function macrosOf(hub: Hub, tag: Tag): Readonly<Record<string, string>> {
  const version = releaseOf(hub, tag)?.version ?? '0';
  return { dist: `.fc${version}`, fedora: version, _sourcedir: '/builddir/build/SOURCES' };
}

function failed(text: string): KojiFault {
  return new KojiFault(FAULT.build, text);
}

/** `buildSRPMFromSCM`: checks out, fetches the sources and packs them. */
export async function buildSrpmFromScm(hub: Hub, task: Task): Promise<Value> {
  const [source, tagId, opts] = task.request;
  const url = readScmUrl(String(source));
  const scratch = isStruct(opts) && isTrue(opts['scratch']);
  assertScmAllowed(url, { hosts: hub.deps.scmHosts, scratch });
  const tag = findTag(hub, tagId ?? null);
  if (tag === undefined) throw failed('no such build tag');

  const checkout = await checkOut(hub, task, url, scratch);
  const counted = await withRelease(hub, tag, url, checkout);
  const spec = await readSpecOf(hub, task, counted, tag);
  const nvr = `${spec.name}-${spec.version}-${spec.release}`;
  const ruled = await obey(hub, task, 'koji.build-srpm', nvr, ({ log = '' }) => {
    writeMockLogs(hub, task, { arch: 'noarch', nvr, buildLog: '', rootLog: log, exit: 1 });
  });
  await spend(hub, task, 'koji.build-srpm', nvr, ruled);
  await assertSources(hub, task, { url, spec, nvr, ...checkout });
  return finishSrpm(hub, task, {
    spec,
    nvr,
    source: `${url.base}#${checkout.commit}`,
    changelog: readChangelog(counted),
    requested: String(source),
  });
}

/** `rebuildSRPM`: an uploaded source package; its header says what it is, else its name. */
export async function rebuildSrpm(hub: Hub, task: Task): Promise<Value> {
  const path = String(task.request[0]);
  const file = path.split('/').at(-1) ?? path;
  const match = /^(?<name>.+)-(?<version>[^-]+)-(?<release>[^-]+)\.src\.rpm$/.exec(file)?.groups;
  const uploaded = hub.uploads.get(path);
  if (match === undefined || uploaded === undefined) throw failed(`File not found: ${path}`);
  const header = readHeader(uploaded.bytes) ?? new Map<number, HeaderValue>();
  const text = (tag: number, known = '') => String(header.get(tag) ?? known);
  const list = (tag: number) => [header.get(tag) ?? []].flat().map(String);
  const name = text(1000, match['name']);
  const version = text(1001, match['version']);
  const release = text(1002, match['release']);
  const [epoch] = list(1003);
  const spec: Spec = {
    name,
    version,
    release,
    epoch: epoch === undefined ? null : Number(epoch),
    noarch: list(BUILD_ARCHS).includes('noarch'),
    exclusiveArch: list(EXCLUSIVE_ARCH),
    excludeArch: list(EXCLUDE_ARCH),
    sources: [],
    packages: [name],
    failing: undefined,
  };
  const nvr = `${name}-${version}-${release}`;
  await obey(hub, task, 'koji.build-srpm', nvr);
  await spend(hub, task, 'koji.build-srpm', nvr);
  return finishSrpm(hub, task, { spec, nvr, source: null, requested: path });
}

/** Tags of a source package's header. */
const EXCLUDE_ARCH = 1059;
const EXCLUSIVE_ARCH = 1061;
const BUILD_ARCHS = 1089;

interface Checkout {
  readonly commit: string;
  readonly specText: string;
  /** Content of the `sources` file, empty where there is none. */
  readonly listing: string;
}

async function checkOut(hub: Hub, task: Task, url: ScmUrl, scratch: boolean): Promise<Checkout> {
  const { distGit, resolve, messageOf } = hub.deps;
  const { pkg, revision } = url;
  const ruled = await obey(hub, task, 'koji.checkout', `${pkg} ${revision}`, ({ log = '' }) =>
    writeFile(hub, task, 'checkout.log', log),
  );
  await spend(hub, task, 'koji.checkout', `${pkg} ${revision}`, ruled);
  const git = (command: string, said: string): KojiFault => {
    writeFile(hub, task, 'checkout.log', `$ git ${command}\n${said}\n`);
    return failed(`Error running GIT command "git ${command}", see checkout.log for details`);
  };
  const folder = `/chroot_tmpdir/scmroot/${pkg}`;
  if (!distGit.has(pkg)) {
    throw git(
      `clone -n ${url.clone} ${folder}`,
      `Cloning into '${folder}'...\nfatal: repository '${url.clone}/' not found`,
    );
  }
  const isCommit = /^[0-9a-f]{40}$/.test(revision);
  const commit = isCommit ? revision : ((await resolve?.(pkg, revision)) ?? revision);
  const [spec, sources, onBranch] = await Promise.all([
    distGit.readFile(pkg, commit, `${pkg}.spec`),
    distGit.readFile(pkg, commit, 'sources'),
    distGit.isOnBranch(pkg, commit),
  ]);
  const isThere = spec !== undefined || onBranch || (await messageOf?.(pkg, commit)) !== undefined;
  if (!isThere) throw git(`reset --hard ${revision}`, `fatal: Could not parse object '${revision}'.`);
  writeFile(
    hub,
    task,
    'checkout.log',
    `$ git clone -n ${url.clone} ${folder}\nCloning into '${folder}'...\n$ git reset --hard ${revision}\nHEAD is now at ${commit.slice(0, 7)}\n`,
  );
  if (!scratch && !onBranch) {
    throw notAllowed('policy violation (scm): Commit must be present on some branch');
  }
  if (spec === undefined) throw failed('No spec file found');
  return { commit, specText: spec, listing: sources ?? '' };
}

/** What the plugin of rpmautospec makes of a fresh checkout: the counted release stands in the spec. */
async function withRelease(
  hub: Hub,
  tag: Tag,
  { pkg }: ScmUrl,
  { commit, specText }: Checkout,
): Promise<string> {
  const { askGit } = hub.deps;
  if (askGit === undefined || !usesAutorelease(specText)) return specText;
  const number = await countRelease({
    git: (args) => askGit(pkg, args),
    head: commit,
    file: `${pkg}.spec`,
    versionOf(text) {
      try {
        const { epoch, version } = readSpec(expandAutorelease(text, 1), macrosOf(hub, tag));
        return `${epoch ?? ''}:${version}`;
      } catch (error) {
        if (error instanceof SpecError) return undefined;
        throw error;
      }
    },
  });
  return expandAutorelease(specText, number);
}

async function readSpecOf(hub: Hub, task: Task, text: string, tag: Tag): Promise<Spec> {
  try {
    return readSpec(text, macrosOf(hub, tag));
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    const subject = task.request[0];
    await spend(hub, task, 'koji.build-srpm', String(subject));
    writeMockLogs(hub, task, {
      arch: 'noarch',
      nvr: 'package',
      buildLog: specErrorLog(error.message),
      exit: 1,
    });
    throw failed(`error building srpm, ${mockResult(1)}`);
  }
}

interface SourceCheck extends Checkout {
  readonly url: ScmUrl;
  readonly spec: Spec;
  readonly nvr: string;
}

/** What the `sources` file lists must be in the lookaside cache, what the spec names in either of the two. */
async function assertSources(hub: Hub, task: Task, check: SourceCheck): Promise<void> {
  const { url, spec, nvr, commit, listing } = check;
  const listed = new Set<string>();
  for (const [, file = '', hash = ''] of listing.matchAll(/^SHA512 \((.+)\) = ([0-9a-f]+)\s*$/gm)) {
    listed.add(file);
    if (hub.deps.lookaside.has(url.pkg, file, hash)) continue;
    const said = `Downloading ${file}\nCould not execute sources: ${file}: 404 Not Found\n`;
    writeMockLogs(hub, task, { arch: 'noarch', nvr, buildLog: said, exit: 1 });
    throw failed(`error retrieving sources, ${mockResult(1)}`);
  }
  for (const file of spec.sources) {
    if (listed.has(file) || (await hub.deps.distGit.readFile(url.pkg, commit, file)) !== undefined) continue;
    writeMockLogs(hub, task, { arch: 'noarch', nvr, buildLog: badSourceLog(file), exit: 1 });
    throw failed(`error building srpm, ${mockResult(1)}`);
  }
}

function finishSrpm(hub: Hub, task: Task, made: SourcePackage & { readonly requested: string }): Value {
  const { nvr, source, requested } = made;
  const file = `${nvr}.src.rpm`;
  const logs = writeMockLogs(hub, task, {
    arch: 'noarch',
    nvr,
    buildLog: goodBuildLog(nvr, [`SRPMS/${file}`]),
    exit: 0,
  });
  writeFile(hub, task, file, packed(hub, made.spec, made.spec.name, 'src'));
  const srpm = taskPath(task, file);
  hub.sourcePackages.set(srpm, made);
  const all = source === null ? logs : ['checkout.log', ...logs];
  return {
    srpm,
    logs: all.map((name) => taskPath(task, name)),
    brootid: null,
    source: source === null ? null : { source, url: requested },
  };
}
