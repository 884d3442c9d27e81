import type { DistGitPort, Kit, KojiPort } from '../kit/kit.ts';
import { listen, systemServer } from '../kit/server.ts';
import {
  type Answer,
  Crash,
  html,
  jsonify,
  NO_ADDRESS,
  NO_METHOD,
  NOT_JSON,
  NOT_UNDERSTOOD,
  type OpenFlask,
  type Route,
  readJson,
  redirectPage,
  serveFlask,
  type WebRequest,
} from '../resultsdb/flask.ts';
import { OUTCOMES } from './answers.ts';
import { type Decision, decide, type Judge, Refused } from './decision.ts';
import { publishDecisionUpdates } from './decision-updates.ts';
import { fedoraPolicies } from './fedora-policies.ts';
import { GatingYamlError, parseGatingYaml, parseServerPolicies } from './gating-yaml.ts';
import { contextsOf, policyJson } from './policy.ts';
import { BuildUnknown } from './remote-rule.ts';
import { SUBJECT_TYPES } from './subjects.ts';
import { keepDecisionTruth } from './truth.ts';
import { type AskUpstream, BadGateway, Cache, ReadOnlyCache, Upstreams } from './upstreams.ts';

const HOUR = 3_600_000;

const BROKEN =
  'The server encountered an internal error and was unable to complete your request. Either the server is overloaded or there is an error in the application.';

export interface GreenwaveOptions {
  /** Server addresses, without the API's path. */
  readonly resultsdbUrl: string;
  readonly waiverdbUrl: string;
  readonly koji: KojiPort;
  readonly distGit: DistGitPort;
  /** How long passing results and gating.yaml files are kept, sandbox ms; 0 turns the cache off. @defaultValue 3600000 */
  readonly cacheMs?: number;
  /** How ResultsDB and WaiverDB are asked about what only lives in this process. @defaultValue over the wire */
  readonly inside?: AskUpstream;
  /** Names that stand in answers. */
  readonly distGitUrl?: string;
  readonly kojiUrl?: string;
  /** The server's own policies as YAML. @defaultValue Fedora's, for the releases of the world */
  readonly policies?: string;
  /** Whether its consumer runs and tells of changed decisions on the bus. @defaultValue false */
  readonly publishes?: boolean;
}

/**
 * Greenwave 2.3.0, API v1.0 under `/api/v1.0`, with Fedora's policies for the releases of the world. As in Fedora it publishes nothing,
 * unless it is told to.
 *
 * | rule point | subject | what a fault may answer |
 * | --- | --- | --- |
 * | `greenwave.decide` | the identifiers of the request, joined by blanks | `open`: says yes whatever the tests say |
 */
export async function openGreenwave(kit: Kit, options: GreenwaveOptions): Promise<OpenFlask> {
  const { resultsdbUrl, waiverdbUrl, koji, distGit, cacheMs = HOUR } = options;
  const { distGitUrl = 'https://src.fedoraproject.org' } = options;
  const { kojiUrl = 'https://koji.fedoraproject.org/kojihub' } = options;
  const server = systemServer(kit, 'greenwave');
  const judge: Judge = {
    koji,
    distGit,
    kojiUrl,
    distGitUrl,
    upstreams: new Upstreams(kit, options.inside),
    cache: new Cache(() => kit.clock.now(), cacheMs),
    policies:
      options.policies === undefined
        ? fedoraPolicies(kit.world.releases)
        : parseServerPolicies(options.policies),
    resultsdbApi: `${resultsdbUrl}/api/v2.0`,
    waiverdbApi: `${waiverdbUrl}/api/v1.0`,
    now: () => kit.clock.now(),
  };
  if (options.publishes === true) publishDecisionUpdates(kit, judge);
  keepDecisionTruth(kit, { ...judge, cache: new ReadOnlyCache(judge.cache) });

  async function decision(request: WebRequest): Promise<Answer> {
    const read = readJson(request);
    if (read === 'not-declared') return message(415, NOT_JSON);
    if (read === 'malformed') return message(400, NOT_UNDERSTOOD);
    const decided = await decide(read.value, judge);
    return jsonify(200, isOpen(decided) ? opened(decided) : decided.answer);
  }

  function isOpen({ requirements }: Decision): boolean {
    const items = [...new Set(requirements.map(({ subject }) => subject.item))].join(' ');
    return kit.hooks.rule('greenwave.decide', items) === 'open';
  }

  function validate(request: WebRequest): Answer {
    const text = textOf(request.body);
    try {
      const policies = parseGatingYaml(text, '<unicode string>');
      if (policies.length === 0) return message(400, 'No policies defined');
      const known = new Set(judge.policies.flatMap(contextsOf));
      const unknown = new Set(policies.flatMap(contextsOf).filter((context) => !known.has(context)));
      if (unknown.size === 0) return message(200, 'All OK');
      const names = [...unknown].sort().join(', ');
      return message(
        200,
        `Greenwave could not find a parent policy(ies) for following decision context(s): ${names}. Please change your policy so that it will match a decision context in the parent policies.`,
      );
    } catch (error) {
      if (!(error instanceof GatingYamlError)) throw error;
      return message(400, error.message);
    }
  }

  const landing = (request: WebRequest) =>
    jsonify(200, {
      documentation: 'https://gating-greenwave.readthedocs.io/en/latest/',
      api_v1: `${request.root}/api/v1.0/`,
      resultsdb_api: judge.resultsdbApi,
      waiverdb_api: judge.waiverdbApi,
      koji_api: kojiUrl,
      outcomes_passed: OUTCOMES.passed,
      outcomes_error: OUTCOMES.errored,
      outcomes_incomplete: OUTCOMES.incomplete,
      remote_rule_policies: { '*': `${distGitUrl}/{pkg_namespace}{pkg_name}/raw/{rev}/f/gating.yaml` },
    });

  const routes: readonly Route[] = [
    { pattern: /^\/(?:api\/v1\.0\/)?$/, views: { GET: landing } },
    {
      pattern: /^\/api\/v1\.0$/,
      views: { GET: (request) => redirectPage(308, `${request.root}/api/v1.0/`) },
    },
    { pattern: /^\/api\/v1\.0\/about$/, views: { GET: () => jsonify(200, { version: '2.3.0' }) } },
    { pattern: /^\/api\/v1\.0\/version$/, views: { GET: () => redirectPage(302, '/api/v1.0/about') } },
    {
      pattern: /^\/api\/v1\.0\/policies$/,
      views: { GET: () => jsonify(200, { policies: judge.policies.map(policyJson) }) },
    },
    {
      pattern: /^\/api\/v1\.0\/subject_types$/,
      views: { GET: () => jsonify(200, { subject_types: SUBJECT_TYPES }) },
    },
    { pattern: /^\/api\/v1\.0\/decision$/, views: { POST: decision } },
    { pattern: /^\/api\/v1\.0\/validate-gating-yaml$/, views: { POST: validate } },
    {
      pattern: /^\/healthcheck$/,
      views: { GET: () => ({ ...html(200, 'Health check OK'), type: 'text/plain' }) },
    },
  ];

  const ask = serveFlask(server, {
    routes,
    notFound: () => message(404, NO_ADDRESS),
    notAllowed: () => message(405, NO_METHOD),
    broken: (error) => {
      if (error instanceof Refused) return message(error.status, error.message);
      if (error instanceof BuildUnknown) return message(error.status, error.message);
      if (error instanceof BadGateway) return message(502, error.message);
      if (!(error instanceof Crash)) kit.trouble('greenwave', error);
      return message(500, BROKEN);
    },
    finish: (answer) => ({
      ...answer,
      headers: {
        ...answer.headers,
        'strict-transport-security': 'max-age=31536000; includeSubDomains',
        'access-control-allow-origin': 'https://bodhi.fedoraproject.org',
      },
    }),
  });
  return { ...(await listen(server)), ask };
}

function textOf(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (error) {
    throw new Crash('the file is not UTF-8', { cause: error });
  }
}

function message(status: number, text: string): Answer {
  return jsonify(status, { message: text });
}

/** What a gate says that nobody watches. */
function opened({ answer }: Decision): Readonly<Record<string, unknown>> {
  return {
    ...answer,
    policies_satisfied: true,
    summary: 'No tests are required',
    satisfied_requirements: [],
    unsatisfied_requirements: [],
  };
}
