import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BuildFacts, DistGitPort, Kit, KojiPort } from '../../../src/sandbox/kit/kit.ts';

/** Koji in memory: builds and their tags; tagging is told on the bus. */
export interface FakeKoji extends KojiPort {
  /** A build that was there before: its tags are told to nobody. */
  add(nvr: string, options?: { tags?: readonly string[]; source?: string | null; owner?: string }): void;
  /** Every call throws while it is true. */
  broken: boolean;
  /** A side tag that was there before; it may stay empty. */
  addSideTag(name: string, user: string): void;
  /** Forgets a build, as a Koji that lost its database. */
  forget(nvr: string): void;
  tagsOf(nvr: string): readonly string[];
}

export function fakeKoji(kit: () => Kit, knowsTag: (tag: string) => boolean = () => true): FakeKoji {
  const builds = new Map<string, Omit<BuildFacts, 'tags'>>();
  const tags = new Map<string, string[]>();
  const sideTags: { id: number; name: string; user: string }[] = [];
  const alive = () => {
    if (koji.broken) throw new Error('koji: fault');
  };
  const tell = (topic: string, nvr: string, tag: string, user: string) => {
    const build = builds.get(nvr);
    kit().publish(topic, {
      build_id: build?.build_id,
      name: build?.name,
      version: build?.version,
      release: build?.release,
      tag,
      tag_id: 1,
      user,
      owner: build?.owner_name,
      instance: 'primary',
    });
  };
  const factsOf = (nvr: string): BuildFacts | undefined => {
    const build = builds.get(nvr);
    return build === undefined ? undefined : { ...build, tags: [...(tags.get(nvr) ?? [])] };
  };
  const koji: FakeKoji = {
    broken: false,
    add(nvr, { tags: of = [], source, owner = 'packager1' } = {}) {
      const [, name = '', version = '', release = ''] = /^(.+)-([^-]+)-([^-]+)$/.exec(nvr) ?? [];
      const id = 2_800_000 + builds.size;
      builds.set(nvr, {
        build_id: id,
        task_id: 90_000_000 + id,
        nvr,
        name,
        version,
        release,
        epoch: null,
        state: 1,
        source:
          source === undefined
            ? `git+https://src.fedoraproject.org/rpms/${name}.git#${'0'.repeat(40)}`
            : source,
        owner_name: owner,
        creation_ts: 0,
        completion_ts: 0,
      });
      tags.set(nvr, [...of]);
    },
    addSideTag: (name, user) => void sideTags.push({ id: 2_800_100 + sideTags.length, name, user }),
    removeSideTag(name) {
      sideTags.splice(0, sideTags.length, ...sideTags.filter((tag) => tag.name !== name));
    },
    sideTags: () => sideTags,
    forget(nvr) {
      builds.delete(nvr);
      tags.delete(nvr);
    },
    tagsOf: (nvr) => tags.get(nvr) ?? [],
    build: (nvr) => {
      alive();
      return factsOf(nvr);
    },
    taggedWith(tag) {
      alive();
      if (!knowsTag(tag)) throw new Error(`No such tag: ${tag}`);
      return [...builds.keys()]
        .filter((nvr) => tags.get(nvr)?.includes(tag))
        .map((nvr) => factsOf(nvr))
        .filter((facts) => facts !== undefined);
    },
    tag(nvr, tag, user) {
      alive();
      const own = tags.get(nvr);
      if (own === undefined) throw new Error(`No such build: ${nvr}`);
      if (!own.includes(tag)) own.push(tag);
      tell('buildsys.tag', nvr, tag, user);
    },
    untag(nvr, tag, user) {
      alive();
      tags.set(
        nvr,
        koji.tagsOf(nvr).filter((one) => one !== tag),
      );
      tell('buildsys.untag', nvr, tag, user);
    },
    sign() {},
  };
  return koji;
}

export interface FakeDistGit extends DistGitPort {
  readonly files: Map<string, string>;
  readonly missing: Set<string>;
}

export function fakeDistGit(): FakeDistGit {
  const files = new Map<string, string>();
  const missing = new Set<string>();
  return {
    files,
    missing,
    readFile: async (pkg, _commit, path) => files.get(`${pkg}/${path}`),
    isOnBranch: async () => true,
    has: (pkg) => !missing.has(pkg),
  };
}

export interface Requirement {
  readonly testcase: string;
  readonly state: 'missing' | 'running' | 'failed' | 'passed';
  readonly result_id?: number;
  readonly contexts?: readonly string[];
}

export interface Asked {
  readonly decision_context: readonly string[];
  readonly product_version: string;
  readonly subject: readonly { item: string; type: string }[];
  readonly verbose: boolean;
}

/** Greenwave and WaiverDB in one server of scripted answers. */
export interface FakeGating {
  readonly url: string;
  readonly required: Map<string, readonly Requirement[]>;
  readonly asked: Asked[];
  readonly waivers: Record<string, unknown>[];
  /** Status of the next decisions; 200 answers them. */
  decisionStatus: number;
  waiverStatus: number;
  /** What decisions wait for before they are answered. */
  held: Promise<void>;
  close(): Promise<void>;
}

export async function openFakeGating(): Promise<FakeGating> {
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      const body = JSON.parse(text);
      const answer = (status: number, json: unknown) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(json));
      };
      if (request.url === '/api/v1.0/waivers/') {
        if (gating.waiverStatus !== 201) return answer(gating.waiverStatus, { message: 'no' });
        const timestamp = '2026-11-21T11:19:12.780960';
        const waiver = { id: gating.waivers.length + 1, timestamp, ...body, proxied_by: 'bodhi@service' };
        gating.waivers.push(waiver);
        return answer(201, waiver);
      }
      gating.asked.push(body);
      if (gating.decisionStatus !== 200) return answer(gating.decisionStatus, { message: 'broken' });
      void gating.held.then(() => answer(200, decide(gating, body)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const gating: FakeGating = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    required: new Map(),
    asked: [],
    waivers: [],
    decisionStatus: 200,
    waiverStatus: 201,
    held: Promise.resolve(),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return gating;
}

function decide(gating: FakeGating, asked: Asked) {
  const satisfied: unknown[] = [];
  const unsatisfied: unknown[] = [];
  for (const { item } of asked.subject) {
    for (const { testcase, state, result_id = null, contexts } of gating.required.get(item) ?? []) {
      if (contexts !== undefined && !contexts.some((one) => asked.decision_context.includes(one))) continue;
      const waived = gating.waivers.some(
        (waiver) => waiver['testcase'] === testcase && waiver['subject_identifier'] === item,
      );
      const requirement = {
        testcase,
        subject_type: 'koji_build',
        subject_identifier: item,
        scenario: null,
        source: null,
        result_id,
      };
      const bad = state === 'failed' ? 'test-result-failed' : 'test-result-missing';
      const excused = state === 'failed' ? 'test-result-failed-waived' : 'missing-test-result-waived';
      if (state === 'passed') satisfied.push({ ...requirement, type: 'test-result-passed' });
      else if (waived) satisfied.push({ ...requirement, type: excused });
      else unsatisfied.push({ ...requirement, type: bad });
    }
  }
  return {
    applicable_policies: satisfied.length + unsatisfied.length > 0 ? ['bodhiupdate_bodhipush_openqa'] : [],
    policies_satisfied: unsatisfied.length === 0,
    satisfied_requirements: satisfied,
    unsatisfied_requirements: unsatisfied,
    summary: summaryOf(satisfied, unsatisfied as { type: string }[]),
    ...(asked.verbose ? { results: [], waivers: gating.waivers } : {}),
  };
}

function summaryOf(satisfied: readonly unknown[], unsatisfied: readonly { type: string }[]): string {
  const total = satisfied.length + unsatisfied.length;
  if (total === 0) return 'no tests are required';
  const tests = total === 1 ? 'test' : 'tests';
  if (unsatisfied.length === 0) return `All required tests (${total} total) have passed or been waived`;
  const count = (type: string, one: string, many: string) => {
    const found = unsatisfied.filter((requirement) => requirement.type === type).length;
    return found === 0 ? [] : [`${found} ${found === 1 ? one : many}`];
  };
  const parts = [
    ...count('test-result-failed', 'test failed', 'tests failed'),
    ...count('test-result-missing', 'result missing', 'results missing'),
  ];
  return `Of ${total} required ${tests}, ${parts.join(', ')}`;
}
