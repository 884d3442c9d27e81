import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { BuildFacts } from '../kit/kit.ts';
import { str } from '../resultsdb/python.ts';
import type { Bodhi } from './context.ts';
import { criticalPath } from './critical-path.ts';
import { refused, resource } from './http.ts';
import type { Json } from './json.ts';
import { knownTags } from './model.ts';

/** What Bodhi's pages ask Koji for, through Bodhi. Parameters that are not known, or come twice, count by their first value or not at all. */
export function kojiRoutes(server: FastifyInstance, bodhi: Bodhi): void {
  const { koji } = bodhi.ports;

  resource(server, '/get_critpath_components', {
    get: (request) => criticalPath(bodhi, words(request, 'components')),
  });

  resource(server, '/get_sidetags', {
    get: (request) => {
      const user = word(request, 'user');
      const contains = flag(request, 'contains_builds');
      return koji
        .sideTags()
        .filter((tag) => user === undefined || tag.user === user)
        .map(({ id, name, user: sidetag_user }) => ({
          id,
          name,
          sidetag_user,
          builds: newestOf(koji.taggedWith(name)).map((facts) => taggedJson(facts, name)),
        }))
        .filter(({ builds }) => !contains || builds.length > 0);
    },
  });

  resource(server, '/latest_candidates', {
    get: (request) => {
      const name = word(request, 'package');
      const prefix = name === undefined ? word(request, 'prefix') : undefined;
      const isPending = (nvr: string) => bodhi.store.builds.get(nvr)?.update?.status === 'pending';
      const found = new Map<string, Json>();
      for (const release of bodhi.store.releases) {
        if (release.state === 'archived' || release.state === 'disabled') continue;
        const tags = [
          release.candidate_tag,
          ...(flag(request, 'testing')
            ? [release.testing_tag, release.pending_testing_tag, release.pending_signing_tag]
            : []),
        ];
        for (const facts of tags.flatMap((tag) => newestOf(tagged(tag)))) {
          if (name !== undefined && facts.name !== name) continue;
          if (prefix !== undefined && !facts.name.startsWith(prefix)) continue;
          if (flag(request, 'hide_existing') && isPending(facts.nvr)) continue;
          found.set(`${facts.nvr} ${release.name}`, {
            nvr: facts.nvr,
            id: facts.build_id,
            package_name: facts.name,
            owner_name: facts.owner_name,
            release_name: release.long_name,
          });
        }
      }
      return [...found.values()];
    },
  });

  resource(server, '/latest_builds', {
    get: (request) => {
      const name = word(request, 'package');
      const builds: Record<string, string> = {};
      for (const tag of knownTags(bodhi.store).keys()) {
        const newest = tagged(tag).findLast((facts) => facts.name === name);
        if (newest !== undefined) builds[tag] = newest.nvr;
      }
      return builds;
    },
  });

  resource(server, '/latest_builds_in_tag', {
    get: (request) => {
      const tag = word(request, 'tag');
      if (tag === undefined) throw refused('HTTPBadRequest', 'tag parameter is required', 400);
      try {
        return newestOf(koji.taggedWith(tag)).map((facts) => taggedJson(facts, tag));
      } catch (error) {
        throw refused('GenericError', error instanceof Error ? error.message : String(error), 500);
      }
    },
  });

  /** Nothing where Koji knows no such tag. */
  function tagged(tag: string): readonly BuildFacts[] {
    if (tag === '') return [];
    try {
      return koji.taggedWith(tag);
    } catch {
      return [];
    }
  }
}

function newestOf(builds: readonly BuildFacts[]): readonly BuildFacts[] {
  return [...new Map(builds.map((facts) => [facts.name, facts])).values()];
}

/** A row of Koji's `listTagged`. */
function taggedJson(facts: BuildFacts, tag: string): Json {
  const { build_id, name, version, release, nvr, epoch, state, owner_name, task_id, source } = facts;
  const creation = new Date(facts.creation_ts * 1000).toISOString();
  const completion = facts.completion_ts === null ? null : new Date(facts.completion_ts * 1000).toISOString();
  return {
    build_id,
    id: build_id,
    name,
    version,
    release,
    nvr,
    epoch,
    package_name: name,
    state,
    owner_name,
    task_id,
    source,
    extra: null,
    completion_time: completion === null ? null : `${completion.slice(0, 19).replace('T', ' ')}.000000`,
    creation_time: `${creation.slice(0, 23)}000`,
    package_id: 1,
    tag_name: tag,
  };
}

function word(request: FastifyRequest, name: string): string | undefined {
  return words(request, name)[0];
}

function words(request: FastifyRequest, name: string): readonly string[] {
  const given = (request.query as Readonly<Record<string, unknown>>)[name];
  return [given ?? []].flat().flatMap((text) => (text === '' ? [] : str(text).split(',')));
}

function flag(request: FastifyRequest, name: string): boolean {
  return ['true', 't', 'yes', 'y', 'on', '1'].includes(word(request, name)?.toLowerCase() ?? '');
}
