import { describe, expect, test } from 'vitest';
import { openHouse } from '../sandbox/bodhi/house.ts';
import { bringAbout, Replay, recording } from '../sandbox/bodhi/replay.ts';

/** Builds that Koji holds before a recording begins, with their tags. */
const CANDIDATE = 'f43-updates-candidate';
const HOLDS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'updates-create': {
    'acorn-1.0-1.fc43': [CANDIDATE],
    'acorn-1.1-1.fc43': [CANDIDATE],
    'basil-2-1.fc43': [CANDIDATE],
    'hazel-1-1.fc43': [CANDIDATE],
    'iris-1-1.fc43': [CANDIDATE],
    'ivy-1-1.fc43': [CANDIDATE],
    'cedar-1-1.fc43': ['f43'],
    'dill-1-1.fc43': [],
    'elm-1-1.fc41': ['f41-updates-candidate'],
    'fern-1-1.fc43': [CANDIDATE],
    'nosrc-1-1.fc43': [CANDIDATE],
    'gum-1-1.fc45': ['f45-updates-candidate'],
    'sage-1-1.el10_1': ['epel10.1-testing-candidate'],
  },
  'lifecycle-composed': { 'maple-1-1.fc43': [CANDIDATE], 'maple-1-2.fc43': [CANDIDATE] },
  'rawhide-automatic': { 'holly-1-1.fc45': [], 'hemp-1-1.fc45': [], 'hemp-1-2.fc45': [] },
  edit: {
    'fig-1-1.fc43': [CANDIDATE],
    'fig-1-2.fc43': [CANDIDATE],
    'figlib-1-1.fc43': [CANDIDATE],
    'date-1-1.fc43': [CANDIDATE],
    'fig-1-1.el10_1': ['epel10.1-testing-candidate'],
  },
  'karma-and-comments': {
    'pine-1-1.fc43': [CANDIDATE],
    'plum-1-1.fc43': [CANDIDATE],
    'pear-1-1.fc43': [CANDIDATE],
  },
  'other-services-down': { 'yew-1-1.fc43': [CANDIDATE] },
  waive: { 'willow-1-1.fc43': [CANDIDATE] },
  overrides: {
    'over-1-1.fc43': [CANDIDATE],
    'over-2-1.fc43': ['f43'],
    'over-1-1.fc45': ['f45-updates-candidate'],
  },
};

const SOURCES: Readonly<Record<string, string | null>> = {
  'fern-1-1.fc43': 'cli-build/1/fern-1-1.fc43.src.rpm',
  'nosrc-1-1.fc43': null,
};

const SPEC = `Name: any

%changelog
* Sat Aug  3 2013 Packager One <packager1@example.test> - 1.0-1
- Rebuilt

* Fri Aug  2 2013 Packager One <packager1@example.test> - 0.9-1
- First
`;

/** Aliases of updates that are not here, and faces that no client of packprobe asks for. */
const NOT_QUERIED = ['part of the alias', 'RSS', 'JSONP', 'CORS preflight'];

/** Queries of what both worlds have: the updates of q00 to q24, or nothing. */
const SAME_IN_BOTH =
  /[?&](builds=(q|unknown)|packages=(q|unknown)|alias=\S+-0000000000|bugs=999$|critpath=true|locked=true|submitted_before=2020|content_type=module|like=q0|search=Q03)/;

interface Options {
  readonly releases?: readonly [];
  /** Notes or paths of lines that this world cannot bring about. */
  readonly skip?: readonly string[];
  /** Note of the line where the recording stops to be of use. */
  readonly until?: string;
}

async function play(name: string, { releases, skip = [], until }: Options = {}) {
  const house = await openHouse(releases);
  for (const [nvr, tags] of Object.entries(HOLDS[name] ?? {})) {
    const source = SOURCES[nvr];
    house.koji.add(nvr, { tags, ...(source === undefined ? {} : { source }) });
  }
  for (const name of ['holly', 'hemp']) house.distGit.files.set(`${name}/${name}.spec`, SPEC);
  const replay = new Replay(house);
  // Who submits is known to Bodhi from earlier on.
  if (name === 'rawhide-automatic') await replay.browserOf('packager1');
  for (const line of recording(`bodhi/${name}`)) {
    if (until !== undefined && line.note === until) break;
    if (skip.includes(line.note || (line.request?.path ?? ''))) continue;
    // Bodhi saw nothing new in the changelog of that build.
    if (line.note === 'a newer build arrives') house.distGit.files.clear();
    await bringAbout(house, line);
    if (line.note === 'the test of hemp-1-1 fails') {
      // The recording leaves its build unsaid.
      house.koji.tag('hemp-1-1.fc45', 'f45-updates-candidate', 'kojira');
      await house.settle();
    }
    await replay.exchange(line);
  }
  return { house, replay };
}

/** Messages as the recording of a listener has them, beside those that were published here. */
async function compareMessages(file: string, { house, replay }: Awaited<ReturnType<typeof play>>) {
  const recorded = recording(`messaging/${file}`).filter(({ topic }) => topic !== undefined);
  const own = house.kit.archive.filter(
    ({ topic }) =>
      topic.startsWith('org.fedoraproject.sandbox.bodhi.') &&
      // A night here pushes to stable too, where the recording only played the push to testing.
      topic !== 'org.fedoraproject.sandbox.bodhi.update.eject',
  );
  const short = (topic = '') => topic.split('.').slice(3).join('.');
  expect(own.map(({ topic }) => short(topic))).toEqual(recorded.map(({ topic }) => short(topic)));
  for (const [index, line] of recorded.entries()) {
    const topic = short(line.topic);
    // Who starts a push differs from house to house.
    if (topic.startsWith('bodhi.compose.')) continue;
    replay.compare(`message ${index} ${topic}`, line.body, own[index]?.body);
    replay.compare(`headers ${index} ${topic}`, line.headers, own[index]?.headers);
  }
}

describe('the sandbox answers as the recorded Bodhi 26.4.0 did', () => {
  test.each<Options & { name: string; messages?: string }>([
    { name: 'updates-create' },
    {
      name: 'lifecycle-composed',
      messages: 'bodhi-lifecycle-composed',
      // Their answers hold the state of a compose between two of its steps.
      skip: ['running compose', 'that compose'],
    },
    {
      name: 'releases',
      releases: [],
      // The answer is the SQL of a database that is not there.
      skip: ['same name again'],
    },
    {
      name: 'small-endpoints',
      // Addresses for the pages of people, which no client asks.
      skip: [
        '/get_critpath_components?collection=f43',
        '/latest_candidates?testing=true',
        '/latest_builds?package=foo',
        '/get_sidetags',
      ],
    },
    { name: 'rawhide-automatic', messages: 'bodhi-rawhide' },
    { name: 'edit', messages: 'bodhi-edit' },
    {
      name: 'karma-and-comments',
      messages: 'bodhi-karma',
      // Comments of other recordings are in that list.
      skip: ['without bodhi'],
    },
    // From here on the recorded update had a change of its status without a comment, which only a hand in the database makes.
    { name: 'waive', until: 'waivers cleared' },
    { name: 'overrides', messages: 'bodhi-overrides' },
    { name: 'other-services-down' },
  ])('$name', async ({ name, messages, ...options }) => {
    const played = await play(name, options);
    await using house = played.house;
    if (messages !== undefined) await compareMessages(messages, played);
    expect(played.replay.differences).toEqual([]);
    expect(played.replay.played).toBeGreaterThan(5);
    expect(house.troubles).toEqual([]);
  });

  test('every query of the recorded ones has the same form, and every refused one the same text', async () => {
    await using house = await openHouse();
    const replay = new Replay(house);
    const packager = await replay.browserOf('packager1');
    const aliases: string[] = [];
    for (let count = 0; count < 25; count += 1) {
      const name = `q${String(count).padStart(2, '0')}`;
      house.koji.add(`${name}-1-1.fc43`, { tags: ['f43-updates-candidate'] });
      const answer = await packager.post('/updates/', {
        builds: `${name}-1-1.fc43`,
        type: 'bugfix',
        notes: 'nn',
        bugs: '2400001',
        severity: 'low',
      });
      aliases.push(answer.body.alias);
      await house.clock.advance(1000);
    }
    for (const line of recording('bodhi/query-filters')) {
      if (NOT_QUERIED.includes(line.note ?? '')) continue;
      await replay.exchange(line, { loose: true });
    }
    expect(replay.differences).toEqual([]);
    expect(replay.played).toBeGreaterThan(50);
    for (const { request, response } of recording('bodhi/query-filters')) {
      if (request === undefined || response === undefined || !SAME_IN_BOTH.test(request.path)) continue;
      const { updates, ...paging } = response.body as { updates: unknown[] };
      const here = await packager.get(request.path);
      const { updates: found, ...ours } = here.body as { updates: unknown[] };
      expect({ path: request.path, count: found.length, ...ours }).toEqual({
        path: request.path,
        count: updates.length,
        ...paging,
      });
    }
    const part = await packager.get(`/updates/?search=${aliases[3]?.slice(-6)}`);
    expect(part.body.updates.map((update: { alias: string }) => update.alias)).toEqual([aliases[3]]);
  });
});
