import type { DistGitPort, KojiPort } from '../kit/kit.ts';
import { repr } from '../resultsdb/python.ts';
import { fetched, type Requirement, yamlFault } from './answers.ts';
import { GatingYamlError, parseGatingYaml } from './gating-yaml.ts';
import type { Policy, RemoteRule } from './policy.ts';
import type { Subject } from './subjects.ts';
import { BadGateway, type Cache, type Upstreams } from './upstreams.ts';

/** 400 or 404 for the whole decision, outside of a remote rule. */
export class BuildUnknown extends Error {
  readonly status: 400 | 404;
  constructor(status: 400 | 404, message: string) {
    super(message);
    this.status = status;
  }
}

/** A build's source that names no commit. */
class NoRevision extends Error {}

export interface Sources {
  readonly koji: KojiPort;
  readonly distGit: DistGitPort;
  readonly upstreams: Upstreams;
  readonly cache: Cache;
  readonly kojiUrl: string;
  readonly distGitUrl: string;
}

interface BuildAttributes {
  readonly source: string | null;
  /** Epoch ms. */
  readonly createdAt: number | null;
}

/** What Koji knows about a build, as far as rules ask. */
export async function buildAttributes(nvr: string, sources: Sources): Promise<BuildAttributes> {
  const { koji, cache, upstreams, kojiUrl } = sources;
  if (!nvr.includes('-')) throw new BuildUnknown(400, `Invalid NVR format: ${repr(nvr)}`);
  const key = `koji ${nvr}`;
  const kept = cache.get<BuildAttributes>(key);
  if (kept !== undefined) return kept;
  if (await upstreams.isKojiBroken('getBuild')) {
    throw new BadGateway('Unexpected error while fetching remote policies');
  }
  let build: ReturnType<KojiPort['build']>;
  try {
    build = koji.build(nvr);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BadGateway(`Failed to get Koji build for "${nvr}": ${reason} (code: 1000)`, { cause: error });
  }
  if (build === undefined) {
    throw new BuildUnknown(404, `Failed to find Koji build for "${nvr}" at "${kojiUrl}"`);
  }
  const attributes = {
    source: build.source,
    createdAt: build.creation_ts * 1000,
  };
  cache.set(key, attributes);
  return attributes;
}

/** The policies of a build's gating.yaml, and what is to be said about the file itself. */
export async function remotePolicies(
  rule: RemoteRule,
  subject: Subject,
  sources: Sources,
): Promise<{ readonly policies: readonly Policy[]; readonly requirements: readonly Requirement[] }> {
  if (!subject.type.supports_remote_rule) return { policies: [], requirements: [] };
  const addresses: string[] = [];
  let text: string | undefined;
  try {
    const wanted =
      rule.sources.length > 0
        ? rule.sources
        : ['{dist-git}/{pkg_namespace}{pkg_name}/raw/{rev}/f/gating.yaml'];
    for (const template of wanted) {
      const address = await addressOf(template, subject, sources);
      if (address === undefined) continue;
      addresses.push(address);
      text = await fileAt(address, sources);
      if (text !== undefined) break;
    }
  } catch (error) {
    const reason = reasonOf(error, subject);
    if (reason === undefined) throw error;
    const details = { sources: addresses, error: reason };
    return { policies: [], requirements: [yamlFault(subject, 'failed-fetch-gating-yaml', details)] };
  }
  const address = addresses.at(-1) ?? '';
  if (text === undefined) {
    const details = { sources: addresses };
    const fault = rule.required ? [yamlFault(subject, 'missing-gating-yaml', details)] : [];
    return { policies: [], requirements: fault };
  }
  const found = fetched(subject, address);
  try {
    const policies = parseGatingYaml(text, '<byte string>').map((policy) => ({ ...policy, source: address }));
    return { policies, requirements: [found] };
  } catch (error) {
    if (!(error instanceof GatingYamlError)) throw error;
    const details = { source: address, details: error.message };
    return { policies: [], requirements: [found, yamlFault(subject, 'invalid-gating-yaml', details)] };
  }
}

/** Undefined where the fault is the whole decision's. */
function reasonOf(error: unknown, subject: Subject): string | undefined {
  if (error instanceof NoRevision) return error.message;
  if (!(error instanceof BuildUnknown)) return undefined;
  return error.status === 404
    ? `Koji build not found for subject_type ${repr(subject.type.id)}, subject_identifier ${repr(subject.item)}`
    : `Failed to get remote policies: 400 Bad Request: ${error.message}`;
}

/** Undefined where the build has no source: an import. */
async function addressOf(template: string, subject: Subject, sources: Sources): Promise<string | undefined> {
  const needsBuild = /\{(?:pkg_name|pkg_namespace|rev)\}/.test(template);
  let address = template
    .replace('{dist-git}', sources.distGitUrl)
    .replaceAll('{subject_id}', subject.item.replace(/^sha256:/, ''));
  if (!needsBuild) return address;
  const { source } = await buildAttributes(subject.item, sources);
  if (source === null || source === '') return undefined;
  const [place = '', rev = ''] = source.split('#');
  if (rev === '') {
    throw new NoRevision(
      `Failed to parse SCM URL "${source}" from Koji build "${subject.item}" at "${sources.kojiUrl}" (missing URL fragment with SCM revision information)`,
    );
  }
  const path = new URL(place.replace(/^git\+/, '')).pathname.split('/');
  const repository = (path.at(-1) ?? '').replace(/\.git$/, '');
  const namespace = path.length < 3 ? '' : (path.at(-2) ?? '');
  // The repository of a container lacks the ending that the build has.
  const name = namespace === 'containers' ? repository.replace(/-container$/, '') : repository;
  const parts = { pkg_namespace: namespace === '' ? '' : `${namespace}/`, pkg_name: name, rev };
  for (const [key, value] of Object.entries(parts)) address = address.replaceAll(`{${key}}`, value);
  return address;
}

async function fileAt(address: string, sources: Sources): Promise<string | undefined> {
  const key = `file ${address}`;
  const kept = sources.cache.get<{ readonly text: string | undefined }>(key);
  if (kept !== undefined) return kept.text;
  const { pathname } = new URL(address);
  const [, pkg, commit, path] = /\/([^/]+)\/raw\/([^/]+)\/f\/(.+)$/.exec(pathname) ?? [];
  const isServed = await sources.upstreams.isFileServed(address);
  const text =
    !isServed || pkg === undefined || commit === undefined || path === undefined
      ? undefined
      : await sources.distGit.readFile(pkg, commit, path);
  sources.cache.set(key, { text });
  return text;
}
